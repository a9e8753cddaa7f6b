//! Texts that stand where a key should be put.

/// Whether the key is a text that asks to be replaced.
pub(super) fn is_placeholder(key: &[u8]) -> bool {
    let Ok(text) = str::from_utf8(key.trim_ascii()) else {
        return false;
    };
    let text = text.trim_matches(['"', '\'', '`']);
    if text.is_empty() || text.contains(|c: char| !c.is_ascii_graphic() && c != ' ') {
        return false;
    }
    is_filler(text) || is_template(text) || names_itself(text)
}

/// `xxxx`, `****`, `....`
fn is_filler(text: &str) -> bool {
    "xX*.-_#?"
        .chars()
        .any(|filler| text.chars().all(|c| c == filler))
}

/// `<your key here>`, `${SECRET_KEY}`, `{{ secret }}`: what a template engine or a shell left behind.
fn is_template(text: &str) -> bool {
    let wordy = |inner: &str| {
        inner
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " _-.:?'\"()[]".contains(c))
            && inner.contains(|c: char| c.is_ascii_alphabetic())
    };
    let brackets = [
        ("<", ">"),
        ("${", "}"),
        ("$(", ")"),
        ("{{", "}}"),
        ("%(", ")s"),
        ("[", "]"),
    ];
    let bracketed = brackets.iter().any(|(open, close)| {
        text.strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close))
            .is_some_and(wordy)
    });
    let variable = text.strip_prefix('$').is_some_and(|name| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    });
    bracketed || variable
}

/// `changeme`, `your-secret-key`, `Replace-This!`: compared without case and punctuation.
fn names_itself(text: &str) -> bool {
    let mut letters = zeroize::Zeroizing::new(String::with_capacity(text.len()));
    letters.extend(
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase()),
    );
    WHOLE.contains(&letters.as_str()) || PARTS.iter().any(|part| letters.contains(part))
}

/// Placeholders when they are all there is.
const WHOLE: &[&str] = &[
    "blank",
    "default",
    "dev",
    "development",
    "dummy",
    "empty",
    "example",
    "fixme",
    "foo",
    "foobar",
    "insecure",
    "key",
    "mykey",
    "mysecret",
    "mysecretkey",
    "nil",
    "none",
    "null",
    "placeholder",
    "production",
    "replace",
    "sample",
    "secret",
    "secretkey",
    "tbd",
    "temp",
    "test",
    "testing",
    "testkey",
    "testsecret",
    "tmp",
    "todo",
    "undefined",
    "xxx",
    "yourkey",
    "yoursecret",
];

/// Placeholders wherever they stand. Each is long enough never to turn up in a random key: the
/// shortest, of 7 letters, in fewer than one of 10^9 keys of 43 base64 characters.
const PARTS: &[&str] = &[
    "changeit",
    "changeme",
    "changethis",
    "defaultkey",
    "defaultsecret",
    "djangoinsecure",
    "donotuse",
    "dummykey",
    "dummysecret",
    "enteryour",
    "examplekey",
    "examplesecret",
    "generateyour",
    "insertkey",
    "insertsecret",
    "insertyour",
    "keygoeshere",
    "keyhere",
    "notasecret",
    "notforproduction",
    "notsosecret",
    "pleasechange",
    "processenv",
    "putyour",
    "randomstringhere",
    "replaceme",
    "replacethis",
    "replacewith",
    "samplekey",
    "samplesecret",
    "secretgoeshere",
    "secrethere",
    "setyour",
    "somerandom",
    "somesecret",
    "stringhere",
    "supersecretkey",
    "thisisasecret",
    "thisismysecret",
    "tobechanged",
    "tobereplaced",
    "usearandom",
    "youapikey",
    "yourapikey",
    "yourjwt",
    "yourown",
    "yourrandom",
    "yoursecret",
    "yoursuper",
    "yourverysecret",
    "osenviron",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_seen() {
        for text in [
            "changeme",
            "CHANGE_ME!",
            "change-this-in-production",
            "dev",
            "Dev",
            "your-secret-key",
            "<your key here>",
            "<secret>",
            "replace-this",
            "xxx",
            "XXXXXXXXXXXXXXXXXXXXXXXX",
            "TODO",
            "****************",
            "${SECRET_KEY}",
            "${SECRET_KEY:-dev}",
            "$SECRET_KEY",
            "{{ secret_key }}",
            "$(openssl rand -hex 32)",
            "[your key]",
            "%(SECRET)s",
            "'changeme'",
            " changeme\n",
            "django-insecure-#k3x^v0j8z@1q2w(e5r6t7y-u8i9o0p",
            "os.environ['SECRET_KEY']",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not() {
        for text in [
            "",
            " ",
            "device",
            "4f0c9a3be1d2",
            "<k3$9!x/Qz>",
            "$2b$12$R8uK1vuXKm",
            "x*x*",
            "devotee",
            "\u{0}changeme",
            "changeme\u{e9}",
        ] {
            assert!(!is_placeholder(text.as_bytes()), "{text}");
        }
        assert!(!is_placeholder(b"\xffchangeme"));
    }
}
