//! What a step does to the world, and whether it may.

use crate::visit::{
    Answer, Commit, Cookie, Deed, Effect, Kept, Progress, Reply, SecretNo, Seen, Step, Visit,
};
use crate::world::{Flaw, History, Late, Note, Phase, World};

impl World {
    pub(crate) fn phase(&mut self, who: u8) -> Option<&mut Phase> {
        self.requests.get_mut(usize::from(who))
    }

    /// What a call did to the row.
    pub(crate) fn apply(&mut self, visit: &Visit, effect: Effect) {
        let history = &mut self.history;
        if visit.replies.last() == Some(&Reply::NowEnded) {
            history.ended = true;
        }
        match effect {
            Effect::None => return,
            Effect::Ended => {
                history.ended = true;
                self.kept = Kept::Ended;
            }
            Effect::Wrote {
                row,
                fresh,
                replaces,
            } => {
                self.kept = Kept::Live(row);
                if let Some(commit) = visit.commit {
                    let replaces = fresh.and(replaces);
                    history.note_write(visit, commit, fresh, replaces);
                }
            }
        }
        // A write that expects another version does nothing any more.
        let is_void = |late: &mut Late| late.effect != Effect::Ended && late.before != self.kept;
        self.late.take_if(is_void);
        self.late.take_if(|_| self.kept == Kept::Ended);
    }

    /// The caller never learns what it did.
    pub(crate) fn miss_answer(&mut self, commit: Option<Commit>, effect: Effect) {
        let has_written = matches!(effect, Effect::Wrote { .. });
        self.history.is_excused |= has_written && signs_in(commit);
    }

    /// Where a step has brought a request.
    pub(crate) fn arrive_at(&mut self, visit: &Visit, step: Step) {
        let phase = match step.progress {
            Progress::Calls => Phase::Calls(visit.clone()),
            Progress::Opened(seen) => {
                self.judge_opening(visit, seen);
                Phase::Handled(visit.clone(), seen)
            }
            Progress::Answered(answer) => {
                self.judge_answer(visit, step, answer);
                let note = note(visit, step, answer);
                if answer.cookie.is_none() && note == Note::Plain {
                    Phase::Done
                } else {
                    Phase::Answers {
                        commit: visit.commit,
                        answer,
                        note,
                    }
                }
            }
        };
        if let Some(slot) = self.phase(visit.who) {
            *slot = phase;
        }
    }

    fn judge_opening(&mut self, visit: &Visit, seen: Seen) {
        let history = &mut self.history;
        let is_stale = history.is_stale(visit.secret, visit.opened_at);
        let is_live = seen.is_live;
        history.add_flaw(Flaw::LivesOn, is_live && history.ended);
        let is_old = history.is_from_before_sign_in(visit.secret);
        history.add_flaw(Flaw::Fixated, is_live && is_old);
        let lives = matches!(self.kept, Kept::Live(_));
        history.add_flaw(Flaw::TheftMissed, is_stale && (is_live || lives));
    }

    fn judge_answer(&mut self, visit: &Visit, step: Step, answer: Answer) {
        let Some(commit) = visit.commit else {
            return;
        };
        let has_written = matches!(step.effect, Effect::Wrote { .. });
        // Who is told that the session is gone, or is given another one, was promised nothing of it.
        let is_promised = commit.deed == Deed::Write
            && !answer.is_error
            && !matches!(answer.cookie, Some(Cookie::None | Cookie::OfAnother));
        let history = &mut self.history;
        history.add_flaw(Flaw::NotWritten, is_promised && !has_written);
        let says_ended = commit.deed == Deed::End && !commit.fails && !answer.is_error;
        let lives = matches!(self.kept, Kept::Live(_));
        history.add_flaw(Flaw::NotEnded, says_ended && lives);
        if let Some(Cookie::Secret(given)) = answer.cookie
            && commit.deed != Deed::SignIn
        {
            let crosses = history.is_from_before_sign_in(visit.secret)
                && !history.is_from_before_sign_in(given);
            history.add_flaw(Flaw::Fixated, crosses);
        }
    }
}

impl History {
    pub(crate) fn make_secret(&mut self) {
        self.made += 1;
        self.replaced_at.push(None);
    }

    fn note_write(
        &mut self,
        visit: &Visit,
        commit: Commit,
        fresh: Option<SecretNo>,
        replaces: Option<SecretNo>,
    ) {
        self.add_flaw(Flaw::LivesOn, self.ended);
        self.add_flaw(Flaw::ErrorSaved, commit.fails);
        let is_old = self.is_from_before_sign_in(visit.secret);
        self.add_flaw(Flaw::Fixated, is_old);
        if commit.deed == Deed::Write {
            self.expected = self.expected.written_by(visit.who);
        }
        let Some(fresh) = fresh else {
            return;
        };
        if let Some(bit) = replaces.map(|replaces| 1 << replaces) {
            self.add_flaw(Flaw::TwoSuccessors, self.have_successor & bit != 0);
            self.have_successor |= bit;
        }
        if fresh == self.made {
            self.make_secret();
        }
        if let Some(slot) = self.replaced_at.get_mut(usize::from(self.current)) {
            *slot = Some(commit.at);
        }
        self.current = fresh;
        if commit.deed == Deed::SignIn {
            self.signed_in = Some(fresh);
        }
    }
}

pub(crate) fn signs_in(commit: Option<Commit>) -> bool {
    commit.is_some_and(|commit| commit.deed == Deed::SignIn && !commit.fails)
}

fn note(visit: &Visit, step: Step, answer: Answer) -> Note {
    let deed = visit.commit.map(|commit| commit.deed);
    let has_written = matches!(step.effect, Effect::Wrote { .. });
    let has_fresh = matches!(step.effect, Effect::Wrote { fresh: Some(_), .. });
    let fails = visit.commit.is_none_or(|commit| commit.fails);
    if has_written && deed == Some(Deed::Renew) && !has_fresh {
        Note::RenewalRaced
    } else if has_written && visit.met_conflict() {
        Note::Merged
    } else if answer.is_error && !fails && visit.replies.last() != Some(&Reply::Silence) {
        Note::Refused
    } else if answer.cookie == Some(Cookie::None) && deed != Some(Deed::End) {
        Note::Dropped
    } else {
        Note::Plain
    }
}
