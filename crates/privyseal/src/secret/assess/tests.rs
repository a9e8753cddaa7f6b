use proptest::prelude::*;

use super::*;

fn first(key: impl AsRef<[u8]>) -> Option<Weakness> {
    assess(key.as_ref()).weaknesses().first().copied()
}

/// Random bytes from a seed, so that every run sees the same keys.
struct Seeded(u64);

impl Seeded {
    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).to_le_bytes()[0]
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    fn text(&mut self, length: usize, alphabet: &str) -> String {
        let whole = 256 / alphabet.len() * alphabet.len();
        iter::repeat_with(|| usize::from(self.byte()))
            .filter(|byte| *byte < whole)
            .map(|byte| char::from(alphabet.as_bytes()[byte % alphabet.len()]))
            .take(length)
            .collect()
    }
}

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const HEX: &str = "0123456789abcdef";

#[test]
fn random_keys_of_the_usual_forms_are_accepted() {
    let alphanumeric = format!("{LOWER}{}0123456789", LOWER.to_uppercase());
    let url_safe = format!("{alphanumeric}-_");
    let django = format!("{LOWER}0123456789!@#$%^&*(-_=+)");
    let mut random = Seeded(1);
    for _ in 0..300 {
        let mut keys: Vec<Vec<u8>> = [16, 24, 32].map(|n| random.bytes(n)).into();
        keys.extend([32, 48, 64].map(|n| random.text(n, HEX).into_bytes()));
        keys.extend([22, 43].map(|n| random.text(n, &url_safe).into_bytes()));
        keys.push(random.text(50, &django).into_bytes());
        keys.push(random.text(32, &alphanumeric).into_bytes());
        let uuid = random.text(32, HEX);
        let (a, b) = (&uuid[..8], &uuid[8..12]);
        keys.push(
            format!(
                "{a}-{b}-4{}-a{}-{}",
                &uuid[12..15],
                &uuid[15..18],
                &uuid[18..30]
            )
            .into(),
        );
        for key in keys {
            let assessment = assess(&key);
            assert!(
                assessment.is_accepted(),
                "{assessment:?}: {}",
                key.escape_ascii()
            );
            let weak = |w: &Warning| matches!(w, Warning::WeakerThanRecommended { .. });
            assert!(!assessment.warnings().iter().any(weak), "{assessment:?}");
        }
    }
}

#[test]
fn weak_keys_are_refused_for_their_reason() {
    use Weakness::{Missing, Passphrase, Placeholder, PubliclyKnown, Repeated, Sequential};
    let sequence: Vec<u8> = (0..32).collect();
    let falling: Vec<u8> = (0..32).rev().collect();
    let by_two: Vec<u8> = (0..32).map(|i| i * 2).collect();
    for (key, weakness) in [
        (b"".as_slice(), Missing),
        (b" \t\r\n", Missing),
        (b"changeme", Placeholder),
        (b"your-secret-key", Placeholder),
        (b"django-insecure-9f$k2!zq0x@7w1m^3v8r", Placeholder),
        (b"keyboard cat", PubliclyKnown),
        (b"keyboard cat\n", PubliclyKnown),
        (
            b"192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
            PubliclyKnown,
        ),
        (&[b'q'; 40], Repeated),
        (&[7; 32], Repeated),
        (b"kwkwkwkwkwkwkwkwkwkwkw", Repeated),
        (b"x7Kq-x7Kq-x7Kq-x7Kq-x7Kq-x7Kq-", Repeated),
        (b"bcdefghijklmnopqrstuvwx", Sequential),
        (b"qwertyuiopasdfghjklzxcvbn", Sequential),
        (b"lkjhgfdsapoiuytrewq", Sequential),
        (b"1qaz2wsx3edc4rfv5tgb", Sequential),
        (&sequence, Sequential),
        (&falling, Sequential),
        (&by_two, Sequential),
        (b"correct horse battery staple", PubliclyKnown),
        (b"correct zebra battery window", Passphrase),
        (b"my super secure flask app key", Passphrase),
        (b"5up3r-53cr37-p4ssw0rd!", Passphrase),
        (b"LondonParisBerlin2019", Passphrase),
        (
            b"the quick brown fox jumps over the lazy dog and runs into the dark forest",
            Passphrase,
        ),
        (
            b"it was a bright cold day in april and the clocks were striking thirteen",
            Passphrase,
        ),
        ("\u{441}\u{43e}\u{432}\u{435}\u{440}\u{448}\u{435}\u{43d}\u{43d}\u{43e} \u{441}\u{435}\u{43a}\u{440}\u{435}\u{442}\u{43d}\u{44b}\u{439} \u{43a}\u{43b}\u{44e}\u{447}".as_bytes(), Passphrase),
        (
            b"and make sure to replace it with something else so that it looks something like this",
            Passphrase,
        ),
    ] {
        assert_eq!(first(key), Some(weakness), "{}", key.escape_ascii());
    }
    for key in [
        "0123456789abcdef0123456789abcdef",
        "supersecretkey123456789",
        "abcdefghijklmnop",
    ] {
        assert!(!assess(key.as_bytes()).is_accepted(), "{key}");
    }
}

#[test]
fn few_possibilities_are_refused_without_a_pattern() {
    // Sixteen hex digits are 64 bits, twenty digits 66; a date and a time are fewer than they look.
    for key in [
        "7c1fe9025db8a346",
        "58301794620853917462",
        "2031-07-19T08:52:46",
    ] {
        let weakness = first(key);
        assert!(
            matches!(weakness, Some(Weakness::LowEntropy { bits: 20..80 })),
            "{weakness:?}"
        );
    }
}

#[test]
fn length_bounds_hold_at_their_edges() {
    let key = Seeded(7).bytes(33);
    assert_eq!(
        assess(&key[..15]).weaknesses(),
        [Weakness::TooShort { length: 15 }]
    );
    assert_eq!(assess(&key[..15]).warnings(), []);
    for length in [16, 31] {
        let assessment = assess(&key[..length]);
        assert!(assessment.is_accepted());
        assert_eq!(
            assessment.warnings(),
            [Warning::ShorterThanRecommended { length }]
        );
        assert_eq!(assessment.length(), length);
    }
    for length in [32, 33] {
        assert!(assess(&key[..length]).is_accepted());
        assert_eq!(assess(&key[..length]).warnings(), []);
    }
}

#[test]
fn strength_bounds_hold_at_their_edges() {
    // Random hex digits are worth 4 bits each as long as nothing in them can be told shorter.
    let digits = "7c1fe9025db8a346e05b9d2f8";
    assert!(matches!(
        first(&digits[..19]),
        Some(Weakness::LowEntropy { bits: 76 })
    ));
    let edge = assess(&digits.as_bytes()[..20]);
    assert_eq!((edge.bits(), edge.is_accepted()), (MINIMUM_BITS, true));
    assert!(
        edge.warnings()
            .contains(&Warning::WeakerThanRecommended { bits: 80 })
    );
    let below = assess(&digits.as_bytes()[..24]);
    let short = |length| Warning::ShorterThanRecommended { length };
    assert_eq!(
        below.warnings(),
        [short(24), Warning::WeakerThanRecommended { bits: 96 }]
    );
    let at = assess(&digits.as_bytes()[..25]);
    assert_eq!(
        (at.bits(), at.warnings()),
        (RECOMMENDED_BITS, [short(25)].as_slice())
    );
}

#[test]
fn a_random_part_beside_words_counts() {
    let random = "c47f2be05d98a1637e0fb3c2d15a8964";
    assert!(assess(format!("prod-session-{random}").as_bytes()).is_accepted());
    assert!(!assess(b"prod-session-key-c47f2be0").is_accepted());
}

#[test]
fn a_known_key_has_no_strength() {
    let known = "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf";
    assert_eq!(assess(known.as_bytes()).bits(), 0);
}

#[test]
fn a_line_break_at_the_end_of_a_text_is_warned_of() {
    let mut key = *b"c47f2be05d98a1637e0fb3c2d15a8964\n";
    assert_eq!(assess(&key).warnings(), [Warning::SurroundingWhitespace]);
    key[3] = 0xf3; // no text any more: the last byte is as random as the others
    assert_eq!(assess(&key).warnings(), []);
}

proptest! {
    #[test]
    fn assessing_never_panics_and_says_one_thing(
        key in proptest::collection::vec(any::<u8>(), 0..300),
        text in "[ -~]{0,80}",
    ) {
        for key in [key.as_slice(), text.as_bytes()] {
            let assessment = assess(key);
            prop_assert_eq!(assessment.is_accepted(), assessment.weaknesses().is_empty());
            prop_assert!(assessment.is_accepted() || assessment.warnings().is_empty());
            prop_assert!(assessment.bits() as usize <= 8 * key.len());
        }
    }

    #[test]
    fn a_repetition_is_never_strong(block in proptest::collection::vec(any::<u8>(), 1..6)) {
        prop_assert!(!assess(&block.repeat(40)).is_accepted());
    }
}
