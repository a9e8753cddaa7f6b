//! What no text file may contain.

use super::tree::Tree;

/// Places on one person's machine; in two halves, so that this file does not contain them.
const PRIVATE: &[(&str, &str)] = &[
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("/wo", "rk/"),
    ("../sh", "ared"),
];

const OPEN_ENDS: &[&str] = &["TODO", "FIXME", "XXX"];

/// A stranger needs more than a word or two to act on.
const WORDS_OF_AN_EXPLANATION: usize = 4;

/// No path of a machine, and nothing outside the repository, is mentioned.
pub(crate) fn no_private_places(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    // Vectors are foreign data, and not ours to edit.
    for (path, text) in tree
        .texts(&[])
        .filter(|(path, _)| !path.starts_with("vectors/wire"))
    {
        for (number, line) in text.lines().enumerate() {
            for (start, end) in PRIVATE {
                if mentions(line, &format!("{start}{end}")) {
                    let place = format!("{path}:{}", number + 1);
                    complaints.push(format!("{place}: mentions a place on one machine: {line}"));
                }
            }
        }
    }
    complaints
}

/// A note about unfinished work says what is missing, in words that a stranger can act on.
pub(crate) fn open_ends_explain_themselves(tree: &Tree) -> Vec<String> {
    let mut complaints = Vec::new();
    let code = [
        ".rs", ".toml", ".py", ".js", ".mjs", ".html", ".css", ".md", ".sh",
    ];
    for (path, text) in tree.texts(&code) {
        for (number, line) in text.lines().enumerate() {
            let note = OPEN_ENDS.iter().find_map(|word| after_word(line, word));
            if note.is_some_and(|note| note.split_whitespace().count() < WORDS_OF_AN_EXPLANATION) {
                complaints.push(format!("{path}:{}: explain: {}", number + 1, line.trim()));
            }
        }
    }
    complaints
}

/// Whether `line` has `place` at the start of a path, and not in the middle of another one.
fn mentions(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "._-".contains(c))
    })
}

/// What follows `word` in a line, where it stands alone: in no longer word and in no quotes.
fn after_word<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let (before, after) = line.split_once(word)?;
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_\"'`".contains(c));
    (!joins(before.chars().next_back()) && !joins(after.chars().next())).then_some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_places_are_found() {
        for (start, end) in PRIVATE {
            let line = format!("see {start}{end}x");
            assert_eq!(
                no_private_places(&Tree::of(&[("a.md", &line)])).len(),
                1,
                "{line}"
            );
        }
    }

    #[test]
    fn a_place_in_the_middle_of_an_address_is_none() {
        let line = ["https://example.org/wo", "rk/item"].concat();
        assert_eq!(no_private_places(&Tree::of(&[("a.md", &line)])), [""; 0]);
    }

    #[test]
    fn open_ends_need_words() {
        let bare = ["// TO", "DO: fix"].concat();
        assert_eq!(
            open_ends_explain_themselves(&Tree::of(&[("a.rs", &bare)])).len(),
            1
        );
        let explained = format!("{bare} the rounding once the format has fractions");
        let other = "let todo = TODOS; // the word `TODO` itself";
        let tree = Tree::of(&[("a.rs", &explained), ("b.rs", other)]);
        assert_eq!(open_ends_explain_themselves(&tree), [""; 0]);
    }
}
