//! How many bits a guesser would need: the length of the key's shortest description.
//!
//! A description spells the key from left to right with single characters, dictionary words,
//! letters that follow each other as in words, letters of another script, earlier parts of the key
//! over again, keyboard runs and dates, each at its price in bits. The cheapest one is found by
//! dynamic programming.
//!
//! The prices are (nearly) a prefix code, and that is why random keys are safe from refusal: of all
//! keys of `n` random bits, a code can describe at most one in 2^k with `n - k` bits. A key of 128
//! random bits would have to lose 48 of them to fall under 80.

use std::ops::Range;
use std::sync::OnceLock;

/// What the cheapest description says of a key.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Estimate {
    /// The length of the description.
    pub(super) bits: f64,
    /// The part of `bits` that is spent on single characters.
    pub(super) character_bits: f64,
    /// How much longer the description would be in single characters alone.
    pub(super) saved: f64,
    /// Bytes described, at most [`WINDOW`].
    pub(super) length: usize,
    /// Bytes that are words, or read like them.
    pub(super) words: usize,
    /// Bytes that repeat earlier ones.
    pub(super) repeated: usize,
    /// Bytes that count up or down, or run along a keyboard.
    pub(super) sequential: usize,
}

/// Estimates the strength of a key from its first [`WINDOW`] bytes.
pub(super) fn estimate(key: &[u8]) -> Estimate {
    let key = key.get(..WINDOW).unwrap_or(key);
    let segments = segments(key);
    let [by_class, by_distinct] =
        [class_price(key), distinct_price(key)].map(|(price, overhead)| {
            let mut estimate = describe(key.len(), &segments, price);
            estimate.bits += overhead;
            estimate
        });
    if by_class.bits <= by_distinct.bits {
        by_class
    } else {
        by_distinct
    }
}

/// More than anyone needs, few enough that the square of it is quickly done.
pub(super) const WINDOW: usize = 256;

#[derive(Clone, Copy)]
enum Kind {
    Character,
    Word,
    Repeat,
    Sequence,
    Date,
}

/// A part of the key that can be described as a whole.
struct Segment {
    start: usize,
    length: usize,
    kind: Kind,
    price: f64,
}

/// The cheapest way to describe the key up to some point: its price and its last segment.
#[derive(Clone, Copy)]
struct Step {
    bits: f64,
    start: usize,
    kind: Kind,
}

/// Every segment of the key except single characters, by ascending start.
fn segments(key: &[u8]) -> Vec<Segment> {
    let mut segments = Vec::new();
    for start in 0..key.len() {
        let rest = key.get(start..).unwrap_or_default();
        let mut offer = |length, kind, price| {
            segments.push(Segment {
                start,
                length,
                kind,
                price,
            });
        };
        words(rest, &mut offer);
        letters(rest, &mut offer);
        script(rest, &mut offer);
        copies(key, start, &mut offer);
        keyboard_runs(rest, &mut offer);
        dates(rest, &mut offer);
    }
    segments
}

fn describe(length: usize, segments: &[Segment], character: f64) -> Estimate {
    let unreached = Step {
        bits: f64::INFINITY,
        start: 0,
        kind: Kind::Character,
    };
    let mut steps = vec![unreached; length + 1];
    if let Some(first) = steps.first_mut() {
        first.bits = 0.0;
    }
    let mut segments = segments.iter().peekable();
    for start in 0..length {
        let so_far = steps.get(start).map_or(0.0, |step| step.bits);
        let mut offer = |length: usize, kind: Kind, price: f64| {
            if let Some(step) = steps.get_mut(start + length)
                && so_far + price < step.bits
            {
                *step = Step {
                    bits: so_far + price,
                    start,
                    kind,
                };
            }
        };
        offer(1, Kind::Character, character);
        while let Some(segment) = segments.next_if(|segment| segment.start == start) {
            offer(segment.length, segment.kind, segment.price);
        }
    }
    retrace(&steps, character)
}

fn retrace(steps: &[Step], character: f64) -> Estimate {
    let length = steps.len().saturating_sub(1);
    let mut estimate = Estimate {
        length,
        ..Estimate::default()
    };
    let mut end = length;
    while end > 0 {
        let Some(step) = steps.get(end) else { break };
        let price = step.bits - steps.get(step.start).map_or(0.0, |before| before.bits);
        let bytes = end - step.start;
        estimate.bits += price;
        estimate.saved += as_f64(bytes) * character - price;
        match step.kind {
            Kind::Character => estimate.character_bits += price,
            Kind::Word => estimate.words += bytes,
            Kind::Repeat => estimate.repeated += bytes,
            Kind::Sequence => estimate.sequential += bytes,
            Kind::Date => {}
        }
        end = step.start;
    }
    estimate
}

/// The price of a character when the guesser knows which classes of characters are in use.
fn class_price(key: &[u8]) -> (f64, f64) {
    let any = |class: fn(&u8) -> bool| key.iter().any(class);
    let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-');
    let upper_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F' | b'-');
    let characters = if any(|byte| !matches!(byte, b' '..=b'~')) {
        256
    } else if key.iter().all(hex) || key.iter().all(upper_hex) {
        let digits = 10 * usize::from(any(u8::is_ascii_digit));
        digits + 6 * usize::from(any(u8::is_ascii_alphabetic)) + usize::from(key.contains(&b'-'))
    } else {
        // The two symbols of base64 or of base64url, or else all of them.
        let symbols = [b"".as_slice(), b"-_", b"+/="]
            .into_iter()
            .find(|set| {
                key.iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || set.contains(byte))
            })
            .map_or(33, <[u8]>::len);
        26 * usize::from(any(u8::is_ascii_lowercase))
            + 26 * usize::from(any(u8::is_ascii_uppercase))
            + 10 * usize::from(any(u8::is_ascii_digit))
            + symbols
    };
    (log2(characters), 0.0)
}

/// The same when the description first says which characters are in use: 24 digits of `0` and `1`.
fn distinct_price(key: &[u8]) -> (f64, f64) {
    let mut seen = [false; 256];
    for byte in key {
        if let Some(seen) = seen.get_mut(usize::from(*byte)) {
            *seen = true;
        }
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    let subsets = (0..distinct).map(|i| log2(256 - i) - log2(i + 1)).sum();
    // At least a bit: a single character over and over is a repetition, not a string for nothing.
    (log2(distinct).max(1.0), subsets)
}

/// A word of the dictionary, in any case and with the usual figures for letters, and the
/// separator after it.
fn words(rest: &[u8], offer: &mut impl FnMut(usize, Kind, f64)) {
    let dictionary = dictionary();
    let Some(first) = rest.first() else { return };
    let initials = (b'a'..=b'z').filter(|initial| spells(*first, *initial));
    for word in initials.flat_map(|initial| dictionary.words_from(initial)) {
        let spelt = word.len() <= rest.len()
            && word
                .iter()
                .zip(rest)
                .all(|(letter, byte)| spells(*byte, *letter));
        if spelt {
            let (spelt, after) = rest.split_at(word.len());
            let price = WORD_PRICE + spelling_price(spelt);
            offer(word.len(), Kind::Word, price);
            if after.first().is_some_and(|byte| SEPARATORS.contains(byte)) {
                offer(word.len() + 1, Kind::Word, price + log2(SEPARATORS.len()));
            }
        }
    }
}

/// Letters that are no word we know but follow each other as letters do in words.
fn letters(rest: &[u8], offer: &mut impl FnMut(usize, Kind, f64)) {
    let model = dictionary();
    let mut price = 4.0;
    let mut previous = None;
    for (length, byte) in (1..).zip(rest.iter().take_while(|byte| byte.is_ascii_alphabetic())) {
        let letter = byte.to_ascii_lowercase();
        price += previous.map_or(log2(26), |previous| model.pair_price(previous, letter));
        previous = Some(letter);
        if length >= 5 {
            let spelt = rest.get(..length).unwrap_or_default();
            let price = price + length_price(length) + spelling_price(spelt);
            offer(length, Kind::Word, price);
            if rest
                .get(length)
                .is_some_and(|byte| SEPARATORS.contains(byte))
            {
                offer(length + 1, Kind::Word, price + log2(SEPARATORS.len()));
            }
        }
    }
}

/// Letters of one script other than Latin, in UTF-8: two bytes or three, but few to choose from.
fn script(rest: &[u8], offer: &mut impl FnMut(usize, Kind, f64)) {
    let block = |letter: char| u32::from(letter) / 128;
    let text = rest.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let Some(first) = text.chars().next().filter(|first| !first.is_ascii()) else {
        return;
    };
    let mut bytes = 0;
    let letters = text
        .chars()
        .take_while(|c| c.is_alphabetic() && block(*c) == block(first));
    for (length, letter) in (1..).zip(letters) {
        bytes += letter.len_utf8();
        if length >= 3 {
            // Four bits to say so, nine for the block, seven for each letter in it.
            let price = 4.0 + 9.0 + length_price(length) + as_f64(7 * length);
            offer(bytes, Kind::Word, price);
            if rest
                .get(bytes)
                .is_some_and(|byte| SEPARATORS.contains(byte))
            {
                offer(bytes + 1, Kind::Word, price + log2(SEPARATORS.len()));
            }
        }
    }
}

/// What came `distance` bytes earlier over again, each byte moved on by the same step: `abab` (by
/// nothing), `abcdef` (distance 1, step 1), `a1b2c3` (distance 2, step 1).
fn copies(key: &[u8], start: usize, offer: &mut impl FnMut(usize, Kind, f64)) {
    let (before, rest) = key.split_at(start);
    for distance in 1..=before.len() {
        // The source runs on into the copy itself: `aaaa` is `a` and three copies of it.
        let source = key.get(start - distance..).unwrap_or_default();
        let mut steps = rest
            .iter()
            .zip(source)
            .map(|(byte, source)| byte.wrapping_sub(*source));
        let Some(step) = steps.next() else { return };
        let length = 1 + steps.take_while(|next| *next == step).count();
        if length < 3 {
            continue;
        }
        let distance_price = (1.0 + 2.0 * log2(distance)).min(1.0 + log2(before.len()));
        let (kind, step_price) = match step {
            0 => (Kind::Repeat, 1.0),
            1 | 255 => (Kind::Sequence, 3.0),
            _ => (Kind::Sequence, 10.0),
        };
        offer(
            length,
            kind,
            3.0 + distance_price + step_price + length_price(length),
        );
    }
}

/// Neighbouring keys of a keyboard, in either direction.
fn keyboard_runs(rest: &[u8], offer: &mut impl FnMut(usize, Kind, f64)) {
    let Some(first) = rest.first().map(u8::to_ascii_lowercase) else {
        return;
    };
    let places: usize = KEYBOARD.iter().map(|row| row.len()).sum();
    let run = |keys: &mut dyn Iterator<Item = &u8>| {
        keys.zip(rest)
            .take_while(|(key, byte)| **key == byte.to_ascii_lowercase())
            .count()
    };
    for row in KEYBOARD {
        for place in row
            .iter()
            .enumerate()
            .filter(|(_, key)| **key == first)
            .map(|(place, _)| place)
        {
            let onward = run(&mut row.iter().skip(place));
            let backward = run(&mut row.iter().take(place + 1).rev());
            for length in [onward, backward] {
                if length >= 3 {
                    let price = 4.0 + log2(2 * places) + length_price(length);
                    offer(length, Kind::Sequence, price);
                }
            }
        }
    }
}

/// A year, a date in the usual orders with or without separators, or a time.
fn dates(rest: &[u8], offer: &mut impl FnMut(usize, Kind, f64)) {
    let digits = |at: usize, count: usize| {
        rest.get(at..at + count)
            .filter(|digits| digits.iter().all(u8::is_ascii_digit))
    };
    let is_year = |at| digits(at, 4).is_some_and(|y| y.starts_with(b"19") || y.starts_with(b"20"));
    let is_colon = |at: usize| rest.get(at) == Some(&b':');
    let is_gap = |at: usize| rest.get(at).is_some_and(|byte| b"-/._ ".contains(byte));
    if is_year(0) {
        offer(4, Kind::Date, 5.0 + log2(200));
        if digits(4, 4).is_some() {
            offer(8, Kind::Date, DATE_PRICE);
        }
        if is_gap(4) && digits(5, 2).is_some() && is_gap(7) && digits(8, 2).is_some() {
            offer(10, Kind::Date, DATE_PRICE + 3.0);
        }
    }
    if digits(0, 4).is_some() && is_year(4) {
        offer(8, Kind::Date, DATE_PRICE);
    }
    if digits(0, 2).is_some() && is_gap(2) && digits(3, 2).is_some() && is_gap(5) && is_year(6) {
        offer(10, Kind::Date, DATE_PRICE + 3.0);
    }
    if digits(0, 2).is_some() && is_colon(2) && digits(3, 2).is_some() {
        offer(5, Kind::Date, 5.0 + log2(24 * 60));
        if is_colon(5) && digits(6, 2).is_some() {
            offer(8, Kind::Date, 5.0 + log2(24 * 60 * 60));
        }
    }
}

/// Capitals and figures for letters: nothing for plain lower case.
fn spelling_price(spelt: &[u8]) -> f64 {
    let capitals = spelt
        .iter()
        .filter(|byte| byte.is_ascii_uppercase())
        .count();
    let figures = spelt
        .iter()
        .filter(|byte| !byte.is_ascii_alphabetic())
        .count();
    let initial_only = capitals == 1 && spelt.first().is_some_and(u8::is_ascii_uppercase);
    let case = match capitals {
        0 => 0,
        _ if initial_only || capitals + figures == spelt.len() => 2,
        _ => spelt.len(),
    };
    let substitution = if figures == 0 { 0 } else { 2 + 2 * figures };
    as_f64(case + substitution)
}

fn spells(byte: u8, letter: u8) -> bool {
    byte.eq_ignore_ascii_case(&letter)
        || match byte {
            b'0' => letter == b'o',
            b'1' | b'!' | b'|' => letter == b'i' || letter == b'l',
            b'3' => letter == b'e',
            b'4' | b'@' => letter == b'a',
            b'5' | b'$' => letter == b's',
            b'7' | b'+' => letter == b't',
            b'8' => letter == b'b',
            b'9' => letter == b'g',
            _ => false,
        }
}

/// The words, and how their letters follow each other.
struct Dictionary {
    words: Vec<&'static [u8]>,
    by_initial: [Range<usize>; 26],
    pairs: [[f64; 26]; 26],
}

impl Dictionary {
    fn words_from(&self, initial: u8) -> &[&'static [u8]] {
        let range = self.by_initial.get(usize::from(initial.wrapping_sub(b'a')));
        range
            .and_then(|range| self.words.get(range.clone()))
            .unwrap_or_default()
    }

    fn pair_price(&self, previous: u8, letter: u8) -> f64 {
        let row = self.pairs.get(usize::from(previous.wrapping_sub(b'a')));
        let price = row.and_then(|row| row.get(usize::from(letter.wrapping_sub(b'a'))));
        price.copied().unwrap_or(f64::INFINITY)
    }
}

fn dictionary() -> &'static Dictionary {
    static DICTIONARY: OnceLock<Dictionary> = OnceLock::new();
    DICTIONARY.get_or_init(|| {
        let words: Vec<&[u8]> = WORDS.lines().map(str::as_bytes).collect();
        let up_to = |initial: u8| words.partition_point(|word| *word < [initial].as_slice());
        let mut by_initial = [const { 0..0 }; 26];
        for (initial, range) in (b'a'..=b'z').zip(&mut by_initial) {
            *range = up_to(initial)..up_to(initial + 1);
        }
        // Half a sighting for every pair, so that none is impossible.
        let mut pairs = [[0.5; 26]; 26];
        for (previous, letter) in words
            .iter()
            .flat_map(|word| word.iter().zip(word.iter().skip(1)))
        {
            let row = pairs.get_mut(usize::from(previous - b'a'));
            if let Some(count) = row.and_then(|row| row.get_mut(usize::from(letter - b'a'))) {
                *count += 1.0;
            }
        }
        for row in &mut pairs {
            let total: f64 = row.iter().sum();
            for count in row {
                *count = (total / *count).log2();
            }
        }
        Dictionary {
            words,
            by_initial,
            pairs,
        }
    })
}

/// Short lengths cost little: 1 bit for 1, 5 for 4, 9 for 16.
fn length_price(length: usize) -> f64 {
    1.0 + 2.0 * log2(length)
}

fn log2(number: usize) -> f64 {
    as_f64(number).log2().max(0.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts within a window of 256 bytes"
)]
fn as_f64(number: usize) -> f64 {
    number as f64
}

/// Two bits to say that a word follows, and which of the 2,600 words it is.
const WORD_PRICE: f64 = 13.4;
/// Five bits to say that a date follows, and which day of 200 years in which of two orders.
const DATE_PRICE: f64 = 22.2;
const SEPARATORS: &[u8] = b" -_.,:;'!?/+";

/// Frequent English words, words of computing and of passwords, in ascending order; our own
/// compilation.
const WORDS: &str = include_str!("words.txt");

const KEYBOARD: &[&[u8]] = &[
    b"1234567890-=",
    b"qwertyuiop[]",
    b"asdfghjkl;'",
    b"zxcvbnm,./",
    b"!@#$%^&*()_+",
    b"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    b"qazwsxedcrfvtgbyhnujmikolp",
    b"azertyuiop",
    b"qsdfghjklm",
    b"wxcvbn",
    b"qwertzuiop",
    b"yxcvbnm",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_lower_case_and_as_many_as_priced() {
        let words = &dictionary().words;
        assert!(words.is_sorted_by(|a, b| a < b));
        assert!(
            words
                .iter()
                .all(|word| word.len() >= 2 && word.iter().all(u8::is_ascii_lowercase))
        );
        assert!(
            (WORD_PRICE - 2.0 - log2(words.len())).abs() < 0.1,
            "{}",
            words.len()
        );
    }

    #[test]
    fn an_empty_key_has_no_strength() {
        assert!(estimate(b"").bits.abs() < f64::EPSILON);
    }

    #[test]
    fn descriptions_cost_what_they_should() {
        for (key, at_most) in [
            (b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".as_slice(), 25.0),
            (b"abababababababababababababababab", 30.0),
            (b"abcdefghijklmnop", 25.0),
            (b"a1b2c3d4e5f6g7h8", 40.0),
            (b"0123456789abcdef0123456789abcdef", 65.0),
            (b"qwertyuiopasdfghjkl", 45.0),
            (b"correct horse battery staple", 70.0),
            (b"C0rr3ctH0rs3", 50.0),
            (b"2024-01-15", 26.0),
            (b"20240115", 23.0),
            (b"15/01/2024", 26.0),
        ] {
            let bits = estimate(key).bits;
            assert!(bits <= at_most, "{bits}: {}", key.escape_ascii());
        }
    }

    #[test]
    fn long_keys_are_estimated_in_bounded_time_from_their_start() {
        let mut key = vec![b'a'; 100_000];
        assert_eq!(estimate(&key).length, WINDOW);
        key.rotate_right(7);
        assert!(estimate(&key).bits < 30.0);
    }
}
