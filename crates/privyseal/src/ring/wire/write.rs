//! Writing line 2, in its one spelling.

use std::fmt::{self, Write as _};

use zeroize::Zeroizing;

use crate::Timestamp;
use crate::encoding::encode_to;
use crate::ring::Ring;
use crate::ring::parts::{Material, Note};
use crate::ring::policy::RingPolicy;
use crate::ring::record::{KeyRecord, Tombstone};

/// The JSON of a ring, keys sorted.
pub(super) fn document(ring: &Ring) -> Zeroizing<String> {
    let mut out = Writer(Zeroizing::new(String::with_capacity(room_for(ring))));
    let room = out.0.capacity();
    out.time("{\"former_tokens_until\":", ring.former_tokens_until);
    out.number(",\"generation\":", ring.generation);
    out.list(",\"keys\":[", &ring.keys, Writer::record);
    out.number(",\"next_sequence\":", ring.next_sequence);
    out.time(",\"no_flip_before\":", ring.no_flip_before);
    out.policy(",\"policy\":", &ring.policy);
    match &ring.previous {
        Some(digest) => out.text(",\"previous\":", &hex(digest)),
        None => out.push(",\"previous\":null"),
    }
    out.text(",\"ring\":", &ring.id);
    out.list(",\"tombstones\":[", &ring.tombstones, Writer::tombstone);
    out.time(",\"written_at\":", ring.written_at);
    out.push("}");
    debug_assert_eq!(
        out.0.capacity(),
        room,
        "a buffer that grows leaves copies of keys behind"
    );
    out.0
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        push_formatted(&mut hex, format_args!("{byte:02x}"));
        hex
    })
}

/// At least the length of the document: numbers have up to 16 digits, and every character of a
/// note may need an escape.
fn room_for(ring: &Ring) -> usize {
    let record = |key: &KeyRecord| {
        512 + 2 * key.note.as_str().len() + key.material.as_bytes().len().div_ceil(3) * 4
    };
    let dead = |dead: &Tombstone| 256 + 2 * dead.note.as_str().len();
    1024 + ring.keys.iter().map(record).sum::<usize>()
        + ring.tombstones.iter().map(dead).sum::<usize>()
}

struct Writer(Zeroizing<String>);

impl Writer {
    fn record(&mut self, key: &KeyRecord) {
        self.time("{\"created_at\":", key.created_at);
        self.text(",\"id\":", &key.id);
        self.material(",\"material\":", &key.material);
        self.note(",\"note\":", &key.note);
        self.text(",\"origin\":", &key.origin.name());
        self.number(",\"sequence\":", key.sequence);
        self.optional(",\"sign_from\":", key.sign_from);
        self.optional(",\"sign_until\":", key.sign_until);
        self.text(",\"state\":", &key.state.name());
        self.number(",\"state_generation\":", key.state_generation);
        self.time(",\"state_since\":", key.state_since);
        self.optional(",\"verify_until\":", key.verify_until);
        self.push("}");
    }

    fn tombstone(&mut self, dead: &Tombstone) {
        self.time("{\"created_at\":", dead.created_at);
        self.time(",\"destroyed_at\":", dead.destroyed_at);
        self.time(",\"ended_at\":", dead.ended_at);
        self.text(",\"ending\":", &dead.ending.name());
        self.text(",\"id\":", &dead.id);
        self.note(",\"note\":", &dead.note);
        self.number(",\"sequence\":", dead.sequence);
        self.push("}");
    }

    fn policy(&mut self, name: &str, policy: &RingPolicy) {
        self.push(name);
        for (place, (field, seconds)) in policy.fields().into_iter().enumerate() {
            self.push(if place == 0 { "{\"" } else { ",\"" });
            self.push(field);
            self.number("\":", seconds);
        }
        self.push("}");
    }

    fn list<T>(&mut self, name: &str, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.push(name);
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.push(",");
            }
            write(self, item);
        }
        self.push("]");
    }

    fn number(&mut self, name: &str, number: u64) {
        push_formatted(&mut self.0, format_args!("{name}{number}"));
    }

    fn time(&mut self, name: &str, time: Timestamp) {
        self.number(name, time.unix_seconds());
    }

    fn optional(&mut self, name: &str, time: Option<Timestamp>) {
        if let Some(time) = time {
            self.time(name, time);
        } else {
            self.push(name);
            self.push("null");
        }
    }

    /// A text without anything to escape.
    fn text(&mut self, name: &str, text: &dyn fmt::Display) {
        push_formatted(&mut self.0, format_args!("{name}\"{text}\""));
    }

    fn material(&mut self, name: &str, material: &Material) {
        self.push(name);
        self.push("\"");
        encode_to(material.as_bytes(), &mut self.0);
        self.push("\"");
    }

    /// Notes have no control characters, so that only two characters need an escape.
    fn note(&mut self, name: &str, note: &Note) {
        self.push(name);
        self.push("\"");
        for character in note.as_str().chars() {
            if matches!(character, '"' | '\\') {
                self.push("\\");
            }
            self.0.push(character);
        }
        self.push("\"");
    }

    fn push(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

fn push_formatted(out: &mut String, arguments: fmt::Arguments<'_>) {
    let written = out.write_fmt(arguments);
    debug_assert!(written.is_ok(), "writing to memory does not fail");
}
