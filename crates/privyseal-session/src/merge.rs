//! Two requests changed one session: what becomes of both their changes.

use privyseal::value::{Dict, Text, Value};

/// What happens when two requests change the same key of a session at the same time. Changes of
/// different keys never meet, and counters are added up: both are always kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnConflict {
    /// The request that is saved last decides.
    #[default]
    LastWrite,
    /// The request that is saved last fails with [`SessionError::Conflict`](crate::SessionError),
    /// and changes nothing.
    Fail,
}

/// What was added to counters in one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Additions(Vec<(Text, i64)>);

impl Additions {
    /// Notes an addition, besides those to the same key before it.
    pub(crate) fn note(&mut self, key: Text, amount: i64) {
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sum)) => *sum = sum.saturating_add(amount),
            None => self.0.push((key, amount)),
        }
    }

    /// What was added to a key, if that is all that happened to it.
    fn to(&self, key: &Text, loaded: Option<&Value>, ours: Option<&Value>) -> Option<i64> {
        let (_, sum) = self.0.iter().find(|(known, _)| known == key)?;
        (ours.and_then(Value::as_i64) == Some(add(loaded, *sum)?)).then_some(*sum)
    }
}

/// Fields that a `T` filled in by default because the session had none, and that are saved so that
/// it can be read as a `T` again. Nobody changed them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Defaults(Dict);

impl Defaults {
    /// Notes what a field was filled in with.
    pub(crate) fn note(&mut self, key: Text, value: Value) {
        self.0.insert(key, value);
    }

    /// Whether this is what a key was filled in with.
    fn is_that(&self, key: &Text, value: Option<&Value>) -> bool {
        value.is_some() && self.0.get_text(key) == value
    }
}

/// A counter after an addition; a key that is not there counts from zero. `None` when the value
/// is no integer.
pub(crate) fn add(value: Option<&Value>, amount: i64) -> Option<i64> {
    let before = match value {
        None => 0,
        Some(value) => value.as_i64()?,
    };
    Some(before.saturating_add(amount))
}

/// Somebody else changed a key that we changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Overlap;

/// The changes that lead from `loaded` to `ours`, made to what the session holds by now.
pub(crate) fn rebase(
    loaded: &Dict,
    ours: &Dict,
    additions: &Additions,
    defaults: &Defaults,
    mut current: Dict,
    on_conflict: OnConflict,
) -> Result<Dict, Overlap> {
    let removed = loaded.keys().filter(|key| ours.get_text(key).is_none());
    for key in ours.keys().chain(removed) {
        let (before, after) = (loaded.get_text(key), ours.get_text(key));
        if before == after {
            continue;
        }
        let now = current.get_text(key);
        if before.is_none() && now.is_some() && defaults.is_that(key, after) {
            continue;
        }
        if let Some(sum) = additions.to(key, before, after)
            && let Some(total) = add(now, sum)
        {
            current.insert(key.clone(), total);
            continue;
        }
        let is_changed = now != before && !(before.is_none() && defaults.is_that(key, now));
        if is_changed && now != after && on_conflict == OnConflict::Fail {
            return Err(Overlap);
        }
        match after {
            Some(value) => drop(current.insert(key.clone(), value.clone())),
            None => drop(current.remove_text(key)),
        }
    }
    Ok(current)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dict(pairs: &[(&str, i64)]) -> Dict {
        let mut dict = Dict::new();
        for (key, value) in pairs {
            dict.insert(*key, *value);
        }
        dict
    }

    fn merged(
        loaded: &[(&str, i64)],
        ours: &[(&str, i64)],
        current: &[(&str, i64)],
    ) -> [Result<Dict, Overlap>; 2] {
        [OnConflict::LastWrite, OnConflict::Fail].map(|policy| {
            let (none, filled) = (Additions::default(), Defaults::default());
            rebase(
                &dict(loaded),
                &dict(ours),
                &none,
                &filled,
                dict(current),
                policy,
            )
        })
    }

    #[test]
    fn changes_of_different_keys_are_all_kept() {
        let results = merged(
            &[("a", 1), ("b", 1), ("c", 1)],
            &[("a", 2), ("c", 1), ("ours", 1)],
            &[("a", 1), ("b", 1), ("c", 3), ("theirs", 1)],
        );
        let expected = dict(&[("a", 2), ("c", 3), ("theirs", 1), ("ours", 1)]);
        assert_eq!(results, [Ok(expected.clone()), Ok(expected)]);
    }

    #[test]
    fn changes_of_one_key_follow_the_policy() {
        for (ours, current) in [
            (&[("a", 2)][..], &[("a", 3)][..]),
            (&[("a", 2)], &[]),
            (&[], &[("a", 3)]),
        ] {
            let results = merged(&[("a", 1)], ours, current);
            assert_eq!(results, [Ok(dict(ours)), Err(Overlap)]);
        }
    }

    #[test]
    fn the_same_change_twice_is_no_conflict() {
        for same in [&[("a", 2)][..], &[]] {
            let results = merged(&[("a", 1)], same, same);
            assert_eq!(results, [Ok(dict(same)), Ok(dict(same))]);
        }
    }

    #[test]
    fn what_is_added_is_added_to_what_is_there_by_now() {
        let mut additions = Additions::default();
        additions.note(Text::from("hits"), 2);
        additions.note(Text::from("hits"), -1);
        for (loaded, ours, current, expected) in [
            (&[("hits", 5)][..], 6, &[("hits", 9)][..], 10),
            (&[], 1, &[("hits", 9)], 10),
            (&[("hits", 5)], 6, &[], 1),
            (
                &[("hits", i64::MAX)],
                i64::MAX,
                &[("hits", i64::MAX)],
                i64::MAX,
            ),
        ] {
            let result = rebase(
                &dict(loaded),
                &dict(&[("hits", ours)]),
                &additions,
                &Defaults::default(),
                dict(current),
                OnConflict::Fail,
            );
            assert_eq!(result, Ok(dict(&[("hits", expected)])));
        }
    }

    #[test]
    fn what_was_filled_in_by_default_is_no_change_until_it_is_changed() {
        let mut defaults = Defaults::default();
        defaults.note(Text::from("a"), 0.into());
        for (ours, current, expected) in [
            (0, &[("a", 7)][..], Ok(dict(&[("a", 7)]))),
            (0, &[], Ok(dict(&[("a", 0)]))),
            (1, &[("a", 7)], Err(Overlap)),
            // The other filled it in as well.
            (1, &[("a", 0)], Ok(dict(&[("a", 1)]))),
        ] {
            let result = rebase(
                &Dict::new(),
                &dict(&[("a", ours)]),
                &Additions::default(),
                &defaults,
                dict(current),
                OnConflict::Fail,
            );
            assert_eq!(result, expected);
        }
    }

    #[test]
    fn a_counter_that_was_also_set_is_set() {
        let mut additions = Additions::default();
        additions.note(Text::from("hits"), 1);
        let rebased = |policy| {
            let ours = dict(&[("hits", 100)]);
            let current = dict(&[("hits", 9)]);
            let (loaded, filled) = (dict(&[("hits", 5)]), Defaults::default());
            rebase(&loaded, &ours, &additions, &filled, current, policy)
        };
        assert_eq!(rebased(OnConflict::LastWrite), Ok(dict(&[("hits", 100)])));
        assert_eq!(rebased(OnConflict::Fail), Err(Overlap));
    }
}
