//! One variable of a `.env` file, read as python-dotenv reads it.

use std::path::Path;

use anyhow::Result;
use privyseal_keys::{KeyText, Origin};
use zeroize::Zeroizing;

use crate::failure::{self, Failure};

/// The value of a variable.
pub(super) fn read(path: &Path, name: &str) -> Result<KeyText> {
    let file = KeyText::from_file(path)?;
    file.warning().into_iter().for_each(failure::warn_of_key);
    let Some(value) = value_of(name, file.text()?) else {
        return Err(Failure::new(
            format!("no variable {name} in file {}", path.display()),
            "name another one with --name",
        )
        .into());
    };
    let origin = Origin::Line {
        path: path.to_owned(),
        variable: name.to_owned(),
    };
    Ok(KeyText::from_bytes(
        Zeroizing::new(value.as_bytes().to_vec()),
        origin,
    ))
}

/// The last assignment counts.
fn value_of(name: &str, text: &str) -> Option<Zeroizing<String>> {
    text.lines().rev().find_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (left, right) = line.split_once('=')?;
        (left.trim_end() == name).then(|| unquote(right.trim()))
    })
}

fn unquote(value: &str) -> Zeroizing<String> {
    let mut characters = value.chars();
    let quote = characters.next();
    let mut text = Zeroizing::new(String::with_capacity(value.len()));
    match quote {
        Some(quote @ ('\'' | '"')) => {
            while let Some(character) = characters.next() {
                match character {
                    _ if character == quote => break,
                    '\\' => match characters.next() {
                        Some('n') if quote == '"' => text.push('\n'),
                        Some('r') if quote == '"' => text.push('\r'),
                        Some('t') if quote == '"' => text.push('\t'),
                        Some(next) if next == quote || next == '\\' => text.push(next),
                        next => {
                            text.push('\\');
                            text.extend(next);
                        }
                    },
                    _ => text.push(character),
                }
            }
        }
        _ => text.push_str(value.split(" #").next().unwrap_or_default().trim_end()),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_python_dotenv_reads_them() {
        for (text, value) in [
            ("SECRET_KEY=abc", Some("abc")),
            ("export SECRET_KEY = abc # a comment", Some("abc")),
            ("SECRET_KEY=abc#def", Some("abc#def")),
            ("SECRET_KEY='a b # c' # d", Some("a b # c")),
            (r#"SECRET_KEY="a\"b\n""#, Some("a\"b\n")),
            (r"SECRET_KEY='a\'b\n'", Some(r"a'b\n")),
            ("SECRET_KEY=", Some("")),
            ("SECRET_KEY=old\nSECRET_KEY=new", Some("new")),
            ("# SECRET_KEY=abc", None),
            ("MY_SECRET_KEY=abc", None),
            ("SECRET_KEY", None),
        ] {
            let read = value_of("SECRET_KEY", text);
            assert_eq!(read.as_deref().map(String::as_str), value, "{text:?}");
        }
    }
}
