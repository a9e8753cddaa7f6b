//! Lists of older keys: a JSON array, or texts between commas.

use privyseal::keyring::{KeyListError, parse_key_list};
use privyseal::secret::{KeyEncoding, VerifyKey};
use zeroize::Zeroizing;

use crate::{KeyText, Origin, SourceError, Warning};

/// What is accepted as an older key, and what there is to say about it.
pub(crate) type OlderKey = fn(&KeyText) -> Result<(VerifyKey, Option<Warning>), SourceError>;

/// Nothing but what could sign as well.
pub(crate) fn fit(text: &KeyText) -> Result<(VerifyKey, Option<Warning>), SourceError> {
    Ok((text.secret_key(KeyEncoding::Text)?.into(), None))
}

/// Weak keys too, each with a warning.
pub(crate) fn danger_weak(text: &KeyText) -> Result<(VerifyKey, Option<Warning>), SourceError> {
    text.danger_accept_weak(KeyEncoding::Text)
}

/// The older keys in a list, in its order, and what there is to say about the list and about each.
pub(crate) fn older_keys(
    list: &KeyText,
    older_key: OlderKey,
    origin: impl Fn(usize) -> Origin,
) -> Result<(Vec<VerifyKey>, Vec<Warning>), SourceError> {
    let mut warnings: Vec<Warning> = list.warning().cloned().into_iter().collect();
    let mut keys = Vec::new();
    for (index, entry) in entries(list)?.into_iter().enumerate() {
        let bytes = Zeroizing::new(entry.as_bytes().to_vec());
        let (key, warning) = older_key(&KeyText::from_bytes(bytes, origin(index)))?;
        keys.push(key);
        warnings.extend(warning);
    }
    Ok((keys, warnings))
}

fn entries(list: &KeyText) -> Result<Vec<Zeroizing<String>>, SourceError> {
    let text = list.text()?;
    // One text without a comma may be a key whose brackets were forgotten. We could take it, but a
    // Flask application that shares the variable would take each of its characters for a key.
    let is_json = text.trim_start().starts_with('[') || !text.contains(',');
    let entries = if is_json {
        parse_key_list(text)
    } else {
        between_commas(text)
    };
    entries.map_err(|source| SourceError::List {
        origin: list.origin().clone(),
        source,
    })
}

fn between_commas(text: &str) -> Result<Vec<Zeroizing<String>>, KeyListError> {
    let entries = text.split(',').enumerate();
    entries
        .map(|(index, entry)| match entry {
            "" => Err(KeyListError::EmptyEntry { index }),
            _ if entry.chars().all(is_plain) => Ok(Zeroizing::new(entry.to_owned())),
            _ => Err(KeyListError::NotPlain { index }),
        })
        .collect()
}

/// Whether a character means itself wherever it stands. White space may be part of a key or not,
/// and brackets and quotation marks are what is left of another notation.
fn is_plain(character: char) -> bool {
    character.is_ascii_graphic() && !r#""'`\[]{}"#.contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "c47f2be05d98a1637e0fb3c2d15a8964";
    const OLD_KEY: &str = "9e3b7716d0c85fa24417c20e6bd9f835";

    fn entries_of(text: &str) -> Result<Vec<String>, KeyListError> {
        let bytes = Zeroizing::new(text.as_bytes().to_vec());
        let list = KeyText::from_bytes(bytes, Origin::StandardInput);
        match entries(&list) {
            Ok(entries) => Ok(entries.iter().map(|entry| entry.to_string()).collect()),
            Err(SourceError::List { source, .. }) => Err(source),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_list_is_a_json_array_or_texts_between_commas() {
        let both = [KEY.to_owned(), OLD_KEY.to_owned()];
        assert_eq!(
            entries_of(&format!(r#" ["{KEY}", "{OLD_KEY}"] "#)).unwrap(),
            both
        );
        assert_eq!(entries_of(&format!("{KEY},{OLD_KEY}")).unwrap(), both);
        // In JSON a comma may be part of a key.
        assert_eq!(entries_of(r#"["a,b"]"#).unwrap(), ["a,b"]);
        assert_eq!(entries_of(r#"["a","b"]"#).unwrap(), ["a", "b"]);
        // What secrets are made of in the frameworks that people come from.
        assert_eq!(
            entries_of("a(b)c,x!@#$%^&*-_=+/y").unwrap(),
            ["a(b)c", "x!@#$%^&*-_=+/y"]
        );
    }

    #[test]
    fn one_text_without_a_comma_is_no_list() {
        for text in [KEY, "", " ", "a"] {
            assert_eq!(entries_of(text), Err(KeyListError::NotAList), "{text}");
        }
    }

    #[test]
    fn nothing_is_left_out_of_a_list_with_commas() {
        for (text, index) in [(",a", 0), ("a,", 1), ("a,,b", 1), (",", 0), ("a,b,", 2)] {
            assert_eq!(
                entries_of(text),
                Err(KeyListError::EmptyEntry { index }),
                "{text}"
            );
        }
        for (text, index) in [
            ("a, b", 1),
            (" a,b", 0),
            ("a,b\n", 1),
            ("a,b\t", 1),
            ("a,é", 1),
            ("'a','b'", 0),
            ("a,\"b\"", 1),
            ("a,b]", 1),
            ("{a,b}", 0),
            ("a\\,b", 0),
            ("`a`,b", 0),
        ] {
            assert_eq!(
                entries_of(text),
                Err(KeyListError::NotPlain { index }),
                "{text}"
            );
        }
    }

    #[test]
    fn an_array_that_is_broken_is_not_read_by_its_commas() {
        for text in [
            r#"["a","b""#,
            "[a,b]",
            "['a','b']",
            " [",
            r#"["a","b"],"c""#,
        ] {
            assert_eq!(entries_of(text), Err(KeyListError::NotAList), "{text}");
        }
    }
}
