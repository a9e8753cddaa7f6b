//! The spellings of a signature that CPython takes for the same bytes, as data.

/// Another spelling of a signature.
pub(crate) type Respell = fn(&str) -> String;

/// Every one of them is accepted by itsdangerous 2.2 on CPython 3.8 to 3.13.
///
/// They hold for signatures of 20 and 32 bytes, whose last group lacks one character.
pub(crate) const ACCEPTED: &[(&str, Respell)] = &[
    ("unused bits of the last character, 1", |it| {
        with_unused_bits(it, 1)
    }),
    ("unused bits of the last character, 2", |it| {
        with_unused_bits(it, 2)
    }),
    ("unused bits of the last character, 3", |it| {
        with_unused_bits(it, 3)
    }),
    ("its padding", |it| format!("{it}=")),
    ("more padding than there is", |it| format!("{it}==")),
    ("four times padding", |it| format!("{it}====")),
    ("anything behind the padding", |it| {
        format!("{it}=any~junk*at^all")
    }),
    ("another text behind the padding", |it| format!("{it}=AAAA")),
    ("four junk bytes in front", |it| format!("~~~~{it}")),
    ("four junk bytes inside", |it| {
        format!("{}!*^~{}", &it[..9], &it[9..])
    }),
    ("one junk byte and a pad", |it| format!("~{it}=")),
    ("a space and a pad", |it| format!(" {it}=")),
    (
        "two bytes of a letter outside ASCII, which pad themselves",
        |it| format!("{}\u{e9}{}", &it[..3], padded(&it[3..], 2)),
    ),
    ("four spaces behind", |it| format!("{it}    ")),
    ("four pads in front", |it| format!("===={it}")),
    ("a pad between groups", |it| {
        format!("{}={}=", &it[..4], &it[4..])
    }),
];

/// What CPython refuses as well.
pub(crate) const REFUSED: &[(&str, Respell)] = &[
    ("one junk byte", |it| format!("~{it}")),
    ("a line feed behind", |it| format!("{it}\n")),
    ("two pads inside a group", |it| {
        format!("{}=={}", &it[..6], &it[6..])
    }),
    ("nothing", |_| String::new()),
    ("padding alone", |_| "====".to_owned()),
    ("one character less", |it| it[..it.len() - 1].to_owned()),
    ("one group less", |it| it[4..].to_owned()),
    ("one group more", |it| format!("AAAA{it}")),
];

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The same bytes with other bits where the last character has two to spare.
fn with_unused_bits(signature: &str, bits: usize) -> String {
    let (start, last) = signature.split_at(signature.len() - 1);
    let value = ALPHABET
        .iter()
        .position(|&known| known == last.as_bytes()[0])
        .unwrap();
    assert_eq!(value % 4, 0, "written with unused bits of zero");
    format!("{start}{}", char::from(ALPHABET[value + bits]))
}

/// The text with as many pads as make up for so many junk bytes.
fn padded(text: &str, junk: usize) -> String {
    format!("{text}{}", "=".repeat(junk))
}

/// `itsdangerous.encoding.base64_decode` on CPython, written from its description and not from the
/// code under test: pad to a multiple of four, drop junk, stop at the first completed group.
pub(crate) fn python_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut padded = text.to_vec();
    while !padded.len().is_multiple_of(4) {
        padded.push(b'=');
    }
    let mut group: Vec<usize> = Vec::new();
    let mut pads = 0;
    let mut bytes = Vec::new();
    for byte in padded {
        if byte == b'=' {
            pads += usize::from(group.len() >= 2);
            if group.len() >= 2 && group.len() + pads >= 4 {
                let bits = group.iter().fold(0, |bits, value| bits << 6 | value);
                let (bits, len) = if group.len() == 2 {
                    (bits >> 4, 1)
                } else {
                    (bits >> 2, 2)
                };
                bytes.extend(&bits.to_be_bytes()[8 - len..]);
                return Some(bytes);
            }
            continue;
        }
        let url_safe = match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => other,
        };
        let Some(value) = ALPHABET.iter().position(|&known| known == url_safe) else {
            continue;
        };
        pads = 0;
        group.push(value);
        if group.len() == 4 {
            let bits = group.iter().fold(0, |bits, value| bits << 6 | value);
            bytes.extend(&bits.to_be_bytes()[5..]);
            group.clear();
        }
    }
    group.is_empty().then_some(bytes)
}
