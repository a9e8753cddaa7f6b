//! The keys of a ring on an axis of time, as a terminal can draw them.

use privyseal::Timestamp;
use privyseal::ring::{KeyRecord, KeyState, Ring, Standing};

use super::view::standing_name;
use crate::clock::rfc3339;

/// With what to draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pens {
    signs: char,
    verifies: char,
    staged: char,
    suspended: char,
    revoked: char,
    planned: char,
    now: char,
}

/// For every terminal, and for files.
pub(super) const ASCII: Pens = Pens {
    signs: '=',
    verifies: '-',
    staged: '.',
    suspended: '?',
    revoked: 'x',
    planned: '>',
    now: '|',
};

/// For terminals of today.
pub(super) const UNICODE: Pens = Pens {
    signs: '\u{2501}',
    verifies: '\u{2500}',
    staged: '\u{2504}',
    suspended: '?',
    revoked: '\u{d7}',
    planned: '\u{25b6}',
    now: '\u{2502}',
};

/// One row for every key, an axis above and the meaning of the lines below.
pub(super) fn draw(ring: &Ring, now: Timestamp, width: usize, pens: Pens) -> String {
    let axis = Axis::of(ring, now, width.saturating_sub(LABEL).max(SHORTEST_AXIS));
    let mut text = format!("{:LABEL$}{}\n", "", axis.caption());
    for key in ring.keys() {
        let standing = ring.standing(key.id(), now);
        let bar: String = (0..axis.cells)
            .map(|cell| axis.pen(key, cell, pens))
            .collect();
        let label = format!("{} {}", key.id(), standing_name(standing));
        text.push_str(format!("{label:LABEL$}{bar}").trim_end());
        text.push('\n');
    }
    text.push_str(&legend(pens));
    text
}

fn legend(pens: Pens) -> String {
    let Pens {
        signs,
        verifies,
        staged,
        suspended,
        revoked,
        planned,
        now,
    } = pens;
    format!(
        "{now} now  {signs} signs  {verifies} verifies  {staged} stands by  {planned} rotation due  \
         {suspended} suspended  {revoked} revoked\n"
    )
}

/// When the standby is to take over: what is drawn beyond is not written yet.
pub(super) fn rotation_due(ring: &Ring) -> Option<Timestamp> {
    let from = ring.primary().sign_from()?;
    Some(from.plus_seconds(ring.policy().period))
}

struct Axis {
    start: u64,
    /// The last thing that is known to come.
    last_event: u64,
    /// The first second beyond it.
    end: u64,
    cells: usize,
    now: Timestamp,
    due: Timestamp,
}

impl Axis {
    fn of(ring: &Ring, now: Timestamp, cells: usize) -> Self {
        let due = rotation_due(ring).map_or(now, |due| due.max(now));
        let starts = ring.keys().iter().map(KeyRecord::created_at);
        let start = starts.fold(now, Timestamp::min).unix_seconds();
        let ends = ring.keys().iter().filter_map(KeyRecord::verify_until);
        let end = ends.fold(due, Timestamp::max).unix_seconds();
        Self {
            start,
            last_event: end,
            // A last cell for what is at the end.
            end: end + 1 + (end - start) / (cells as u64).max(1),
            cells,
            now,
            due,
        }
    }

    /// The last second of a cell.
    fn last(&self, cell: usize) -> Timestamp {
        let (cell, cells) = (cell as u64, self.cells as u64);
        let length = self.end - self.start;
        let next = self.start + length * (cell + 1) / cells;
        Timestamp::from_unix_seconds(next.saturating_sub(1).max(self.start))
    }

    /// Whether this is the cell in which something happens.
    fn has(&self, cell: usize, at: Timestamp) -> bool {
        let before = cell.checked_sub(1).map(|before| self.last(before));
        at <= self.last(cell) && before.is_none_or(|before| before < at)
    }

    fn pen(&self, key: &KeyRecord, cell: usize, pens: Pens) -> char {
        if self.has(cell, self.now) {
            return pens.now;
        }
        let at = self.last(cell);
        let is_before = |end: Option<Timestamp>| end.is_none_or(|end| at < end);
        if at < key.created_at() || !is_before(key.verify_until()) {
            return ' ';
        }
        let is_over = at >= key.state_since();
        match key.state() {
            KeyState::Revoked if self.has(cell, key.state_since()) => return pens.revoked,
            KeyState::Revoked if is_over => return ' ',
            KeyState::Suspended(_) if is_over => return pens.suspended,
            KeyState::Staged | KeyState::Primary if self.has(cell, self.due) => {
                return pens.planned;
            }
            KeyState::Staged | KeyState::Primary if at > self.due => return ' ',
            KeyState::Staged => return pens.staged,
            _ => {}
        }
        match key.sign_from() {
            Some(from) if at < from => pens.staged,
            Some(_) if is_before(key.sign_until()) => pens.signs,
            _ => pens.verifies,
        }
    }

    /// The days at both ends.
    fn caption(&self) -> String {
        let [start, end] = [self.start, self.last_event].map(|at| {
            let text = rfc3339(Timestamp::from_unix_seconds(at));
            let is_short = self.end - self.start < 3 * DAY;
            // The time of day says more where days are few.
            let parts = text.split_once('T').filter(|_| !is_short);
            parts.map_or(text.clone(), |(day, _)| day.to_owned())
        });
        let gap = self.cells.saturating_sub(start.len() + end.len()).max(1);
        format!("{start}{:gap$}{end}", "")
    }
}

/// Whether a key in this standing is worth a line of its own in words.
pub(super) fn is_in_use(standing: Standing) -> bool {
    matches!(
        standing,
        Standing::Signs | Standing::Verifies | Standing::Staged | Standing::Suspended
    )
}

const DAY: u64 = 86_400;

/// An id, a space, the longest standing, a space.
const LABEL: usize = 16 + 1 + 9 + 1;

const SHORTEST_AXIS: usize = 42;

#[cfg(test)]
mod tests {
    use privyseal::KeyId;
    use privyseal::ring::{Material, NewKey, NewRing, Note, Operation, RingId, RingPolicy};

    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);

    fn key(byte: u8) -> NewKey {
        NewKey {
            id: KeyId::from_bytes([byte; 8]),
            material: Material::new(vec![byte; 40]).unwrap(),
            note: Note::default(),
        }
    }

    fn ring() -> Ring {
        let new = NewRing {
            id: RingId::from_bytes([7; 16]),
            policy: RingPolicy::default(),
            primary: key(0xa1),
            standby: key(0xb2),
        };
        Ring::init(new, START).unwrap()
    }

    #[test]
    fn a_new_ring_signs_until_its_rotation_is_due() {
        let drawn = draw(&ring(), START.plus_seconds(9 * DAY), 80, ASCII);
        assert_eq!(
            drawn,
            "                           2026-09-21                                 2026-10-21\n\
             a1a1a1a1a1a1a1a1 signs     ===============|====================================>\n\
             b2b2b2b2b2b2b2b2 staged    ...............|....................................>\n\
             | now  = signs  - verifies  . stands by  > rotation due  ? suspended  x revoked\n"
        );
    }

    #[test]
    fn the_drawing_in_the_documents_is_a_real_one() {
        let named = |id: u64| NewKey {
            id: KeyId::from_bytes(id.to_be_bytes()),
            ..key(1)
        };
        let new = NewRing {
            id: RingId::from_bytes([7; 16]),
            policy: RingPolicy::default(),
            primary: named(0x3fa9_4c0d_e86b_7215),
            standby: named(0xa90f_4e1c_72b8_d653),
        };
        let ring = Ring::init(new, START).unwrap();
        let rotate = Operation::Rotate {
            standby: named(0x51c7_0de9_b2f4_386a),
            sign_from: None,
        };
        let rotated = START.plus_seconds(30 * DAY);
        let ring = ring.apply(rotate, rotated).unwrap();
        let import = Operation::Import {
            key: named(0xe27d_93a0_64fb_185c),
            verify_until: rotated.plus_seconds(20 * DAY),
        };
        let ring = ring.apply(import, rotated.plus_seconds(4 * DAY)).unwrap();
        let drawn = draw(&ring, rotated.plus_seconds(9 * DAY), 80, ASCII);
        let page = include_str!("../../../../../docs/key-rings.md");
        assert!(page.contains(&format!("```text\n{drawn}```")), "{drawn}");
    }

    #[test]
    fn every_way_of_a_key_is_drawn() {
        let ring = ring();
        let rotated = START.plus_seconds(30 * DAY);
        let rotate = Operation::Rotate {
            standby: key(0xc3),
            sign_from: None,
        };
        let ring = ring.apply(rotate, rotated).unwrap();
        let import = Operation::Import {
            key: key(0xd4),
            verify_until: rotated.plus_seconds(20 * DAY),
        };
        let ring = ring.apply(import, rotated.plus_seconds(DAY)).unwrap();
        let suspend = Operation::Suspend {
            key: KeyId::from_bytes([0xd4; 8]),
            standby: None,
            note: None,
        };
        let ring = ring.apply(suspend, rotated.plus_seconds(4 * DAY)).unwrap();
        let revoke = Operation::Revoke {
            key: KeyId::from_bytes([0xa1; 8]),
            standby: None,
            note: None,
        };
        let ring = ring.apply(revoke, rotated.plus_seconds(8 * DAY)).unwrap();
        let drawn = draw(&ring, rotated.plus_seconds(12 * DAY), 80, ASCII);
        let rows: Vec<&str> = drawn.lines().collect();
        let [_, revoked, primary, standby, suspended, _] = rows[..] else {
            panic!("{drawn}");
        };
        for (row, begins, has) in [
            (revoked, "a1a1a1a1a1a1a1a1 revoked   ===", "=-------x  |"),
            (primary, "b2b2b2b2b2b2b2b2 signs     ...", ".===="),
            (standby, "c3c3c3c3c3c3c3c3 staged       ", " ......"),
            (suspended, "d4d4d4d4d4d4d4d4 suspended    ", " -"),
        ] {
            assert!(row.starts_with(begins) && row.contains(has), "{drawn}");
        }
        assert!(suspended.contains("-??"), "{drawn}");
        assert!(
            primary.ends_with("=>") && standby.ends_with(".>"),
            "{drawn}"
        );
    }

    #[test]
    fn no_width_and_no_time_breaks_it() {
        let ring = ring();
        for width in [0, 1, 40, 80, 81, 300] {
            for after in [0, 1, 59, 30 * DAY, 4000 * DAY] {
                let drawn = draw(&ring, START.plus_seconds(after), width, UNICODE);
                let lines: Vec<&str> = drawn.lines().collect();
                assert_eq!(lines.len(), 4);
                for row in &lines[1..3] {
                    assert_eq!(row.matches('\u{2502}').count(), 1, "{drawn}");
                    assert!(row.chars().count() <= width.max(LABEL + SHORTEST_AXIS));
                }
            }
        }
        let earlier = Timestamp::from_unix_seconds(0);
        assert!(draw(&ring, earlier, 80, ASCII).contains('|'));
    }
}
