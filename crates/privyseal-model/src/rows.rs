//! Rows as the store keeps them, with secrets that have numbers.
//!
//! The engine draws its secrets at random. For one state of the protocol to be one state of the
//! model, the secrets in a row are replaced by those of a table, in the order in which they were
//! made: the hash and the concealed successor are computed as the engine does. Nothing else in a
//! row is changed.

use std::collections::HashMap;
use std::sync::Arc;

use privyseal::Timestamp;
use privyseal::reference::Secret;
use privyseal_session::store::{NewRow, Row, Subject};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::bug::Bug;
use crate::visit::{RowNo, SecretNo};

/// A row of the session's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeptRow {
    pub(crate) version: u64,
    pub(crate) has_subject: bool,
    last_seen: u64,
    expires_at: u64,
    ends_at: u64,
    data: Vec<u8>,
}

impl KeptRow {
    pub(crate) fn new(version: u64, row: &NewRow<'_>) -> Self {
        Self {
            version,
            has_subject: row.subject.is_some(),
            last_seen: row.last_seen.unix_seconds(),
            expires_at: row.expires_at.unix_seconds(),
            ends_at: row.ends_at.unix_seconds(),
            data: row.data.to_vec(),
        }
    }

    pub(crate) fn to_row(&self) -> Row {
        Row {
            version: self.version,
            subject: self.has_subject.then(user),
            last_seen: Timestamp::from_unix_seconds(self.last_seen),
            expires_at: Timestamp::from_unix_seconds(self.expires_at),
            ends_at: Timestamp::from_unix_seconds(self.ends_at),
            data: self.data.clone(),
        }
    }
}

/// The only user.
pub(crate) fn user() -> Subject {
    Subject::new("ada").expect("a short name is a subject")
}

/// Every row that was met, once.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    rows: Vec<Arc<KeptRow>>,
    numbers: HashMap<Arc<KeptRow>, RowNo>,
}

impl Rows {
    pub(crate) fn get(&self, number: RowNo) -> Arc<KeptRow> {
        self.rows[usize::from(number)].clone()
    }

    pub(crate) fn number(&mut self, row: KeptRow) -> RowNo {
        if let Some(number) = self.numbers.get(&row) {
            return *number;
        }
        let number = RowNo::try_from(self.rows.len()).expect("a model this small has few rows");
        let row = Arc::new(row);
        self.rows.push(row.clone());
        self.numbers.insert(row, number);
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// The secrets of the session.
#[derive(Debug)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    pub(crate) fn new() -> Self {
        let secret = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            Secret::random(&mut rng).expect("a seeded generator does not fail")
        };
        Self((0..u64::from(MOST_SECRETS)).map(secret).collect())
    }

    pub(crate) fn get(&self, number: SecretNo) -> &Secret {
        &self.0[usize::from(number)]
    }

    /// The number of a secret among the first `made`; `None` for one that was made just now.
    pub(crate) fn number_of(&self, secret: &Secret, made: SecretNo) -> Option<SecretNo> {
        let hash = secret.hash();
        (0..made).find(|number| self.get(*number).hash() == hash)
    }

    /// The secret that opens the session of this row, if it is one of the first `made`.
    pub(crate) fn current_of(&self, row: &KeptRow, made: SecretNo) -> Option<SecretNo> {
        let is_in = |number: &SecretNo| row.data[CURRENT] == *self.get(*number).hash().as_bytes();
        (0..made).find(is_in)
    }

    /// Replaces a secret that was drawn at random by the one that has this number.
    pub(crate) fn pin(&self, row: &mut KeptRow, drawn: &Secret, number: SecretNo) {
        let pinned = self.get(number);
        replace(
            &mut row.data,
            drawn.hash().as_bytes(),
            pinned.hash().as_bytes(),
        );
        for older in (0..number).map(|older| self.get(older)) {
            replace(&mut row.data, &older.conceal(drawn), &older.conceal(pinned));
        }
    }

    /// Breaks what the row says of the secrets before this one.
    pub(crate) fn spoil(&self, row: &mut KeptRow, bug: Option<Bug>, new: SecretNo) {
        let data = &mut row.data;
        for at in (0..usize::from(data[COUNT])).map(|index| HEAD + index * PREDECESSOR) {
            let (kind, hash, until, successor) = (at, at + 1, at + 33, at + 41);
            match bug {
                Some(Bug::NoGrace) => data[until..successor].fill(0),
                Some(Bug::EndlessGrace) => data[until..successor].copy_from_slice(&FAR),
                Some(Bug::SignInLeadsOn) if data[kind] == 0 => {
                    let of = |old: &SecretNo| *self.get(*old).hash().as_bytes();
                    let old = (0..new).find(|old| of(old) == data[hash..until]);
                    let old = self.get(old.expect("a predecessor is in the table"));
                    let concealed = old.conceal(self.get(new));
                    data[kind] = 1;
                    data[successor..at + PREDECESSOR].copy_from_slice(&concealed);
                }
                _ => {}
            }
        }
    }
}

fn replace(data: &mut [u8], from: &[u8; Secret::LEN], to: &[u8; Secret::LEN]) {
    let at = data.windows(Secret::LEN).position(|window| window == from);
    if let Some(at) = at {
        data[at..at + Secret::LEN].copy_from_slice(to);
    }
}

/// More secrets than any of the explored runs makes.
pub(crate) const MOST_SECRETS: SecretNo = 8;

// Where the secrets are in a row.
const CURRENT: std::ops::Range<usize> = 17..COUNT;
const COUNT: usize = 49;
const HEAD: usize = 50;
const PREDECESSOR: usize = 73;
const FAR: [u8; 8] = (u32::MAX as u64).to_be_bytes();
