//! Builds the list of publicly known keys that `privyseal` embeds.
//!
//! `cargo xtask known-keys [--wordlist PATH] [--check]` reads flask-unsign-wordlist (fetched with
//! `pip download` unless a path is given) and our own `data/framework-defaults.txt`, and writes
//! `keys.bin` and `provenance.toml`. With `--check` it writes nothing and fails when the committed
//! files differ from what the sources give. The same sources always give the same bytes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use base64_simd::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// Runs the command with the arguments that follow `known-keys`.
///
/// # Errors
///
/// When a source cannot be had, is not the pinned version, or `--check` finds a difference.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let mut wordlist = None;
    let mut check = false;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--wordlist" => {
                wordlist = Some(PathBuf::from(
                    args.next().context("--wordlist needs a path")?,
                ));
            }
            "--check" => check = true,
            other => {
                bail!("unknown argument {other:?}; usage: known-keys [--wordlist PATH] [--check]")
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("xtask has no parent")?;
    let wordlist = match wordlist {
        Some(path) => path,
        None => download(&root.join("target/known-keys"))?,
    };

    let words = fs::read(&wordlist).with_context(|| format!("reading {}", wordlist.display()))?;
    ensure!(
        hex(&Sha256::digest(&words)) == WORDLIST_SHA256,
        "{} is not {WORDLIST}; to move to another version change the constants of this module",
        wordlist.display()
    );
    let defaults = fs::read_to_string(root.join(DEFAULTS)).context(DEFAULTS)?;

    let mut hashes = BTreeSet::new();
    let mut skipped = 0;
    for line in String::from_utf8(words)
        .context("the word list is not UTF-8")?
        .split('\n')
    {
        match literal(line) {
            Some(text) => add(&mut hashes, &text),
            None if line.is_empty() => {}
            None => skipped += 1,
        }
    }
    for (number, line) in (1..).zip(defaults.lines()) {
        if !line.is_empty() && !line.starts_with('#') {
            let text =
                literal(line).with_context(|| format!("{DEFAULTS}:{number}: not a literal"))?;
            add(&mut hashes, &text);
        }
    }

    let table = table(&hashes);
    let provenance = provenance(&table, hashes.len(), skipped, &defaults);
    for (name, new) in [
        ("keys.bin", table.as_slice()),
        ("provenance.toml", provenance.as_bytes()),
    ] {
        let path = root.join(KNOWN).join(name);
        if check {
            let old = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            ensure!(
                old == new,
                "{} is stale: run `cargo xtask known-keys`",
                path.display()
            );
        } else {
            fs::write(&path, new).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    Ok(())
}

/// Adds the hash of every key that `text` may stand for.
fn add(hashes: &mut BTreeSet<u64>, text: &str) {
    let mut insert = |key: &[u8]| {
        if !key.trim_ascii().is_empty() {
            let digest = Sha256::digest(key);
            let prefix = digest.first_chunk::<8>().copied().unwrap_or_default();
            hashes.insert(u64::from_be_bytes(prefix));
        }
    };
    insert(text.as_bytes());
    insert(text.trim().as_bytes());
    // The list dropped the `b` of Python's bytes literals: '\xf3' was more often the byte than the
    // letter. Keys pasted into .env files keep their escapes as text, one level deeper.
    let unescaped = unescape(text).unwrap_or(Cow::Borrowed(text));
    for text in [text, unescaped.as_ref()] {
        if let Some(bytes) = latin1(text) {
            insert(&bytes);
        }
    }
    // Whoever decodes a listed text has the decoded bytes for a key. Shorter ones need no list:
    // they are refused for their length.
    if let Some(bytes) = unhex(text).filter(|bytes| bytes.len() >= MINIMUM_BYTES) {
        insert(&bytes);
    }
    let unpadded = text.trim_end_matches('=').as_bytes();
    for alphabet in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        if let Ok(bytes) = alphabet.decode_to_vec(unpadded)
            && bytes.len() >= MINIMUM_BYTES
        {
            insert(&bytes);
        }
    }
}

/// The embedded file: magic, number of entries, then the entries in ascending order, big-endian.
fn table(hashes: &BTreeSet<u64>) -> Vec<u8> {
    let mut table = Vec::with_capacity(16 + 8 * hashes.len());
    table.extend_from_slice(b"PSKNOWN1");
    table.extend_from_slice(&(hashes.len() as u64).to_be_bytes());
    table.extend(hashes.iter().flat_map(|hash| hash.to_be_bytes()));
    table
}

fn provenance(table: &[u8], entries: usize, skipped: usize, defaults: &str) -> String {
    let ours = defaults
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .count();
    format!(
        r#"# Where keys.bin comes from. Written by `cargo xtask known-keys`; do not edit.
rebuild = "cargo xtask known-keys"
entries = {entries}
sha256 = "{table}"

[[source]]
name = "flask-unsign-wordlist"
version = "{VERSION}"
published = "2024-06-15"
from = "PyPI, {WORDLIST}"
sha256 = "{WORDLIST_SHA256}"
licence = "MIT (LICENSE-flask-unsign-wordlist)"
unreadable_lines = {skipped}

[[source]]
name = "framework defaults"
from = "{DEFAULTS}"
sha256 = "{defaults}"
keys = {ours}
licence = "MIT OR Apache-2.0"
"#,
        table = hex(&Sha256::digest(table)),
        defaults = hex(&Sha256::digest(defaults)),
    )
}

/// Fetches the pinned wheel with pip and unpacks the word list.
fn download(directory: &Path) -> Result<PathBuf> {
    fs::create_dir_all(directory)?;
    let requirement = format!("flask-unsign-wordlist=={VERSION}");
    python(
        directory,
        &[
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            &requirement,
        ],
    )?;
    let wheel = format!("flask_unsign_wordlist-{VERSION}-py2.py3-none-any.whl");
    python(directory, &["-m", "zipfile", "-e", &wheel, "."])?;
    Ok(directory.join(WORDLIST))
}

fn python(directory: &Path, args: &[&str]) -> Result<()> {
    let status = Command::new("python3")
        .args(args)
        .current_dir(directory)
        .status()?;
    ensure!(status.success(), "python3 {} failed", args.join(" "));
    Ok(())
}

/// The value of a Python string literal; `None` when the line is not exactly one.
fn literal(line: &str) -> Option<Cow<'_, str>> {
    let quote = line
        .chars()
        .next()
        .filter(|quote| matches!(quote, '\'' | '"'))?;
    let inner = line.strip_prefix(quote)?.strip_suffix(quote)?;
    // An unescaped quote inside, or an escaped one at the end, means that the line is no literal.
    let mut escaped = false;
    for character in inner.chars() {
        if character == quote && !escaped {
            return None;
        }
        escaped = character == '\\' && !escaped;
    }
    if escaped { None } else { unescape(inner) }
}

/// Python's backslash escapes undone; an unknown escape stays as it is, a broken one is `None`.
fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let kind = after.chars().next()?;
        let mut tail = after.get(kind.len_utf8()..)?;
        let mut hexadecimal = |digits: usize| {
            let (code, after) = tail.split_at_checked(digits)?;
            tail = after;
            char::from_u32(u32::from_str_radix(code, 16).ok()?)
        };
        match kind {
            '\\' | '\'' | '"' => out.push(kind),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'a' => out.push('\x07'),
            'b' => out.push('\x08'),
            'f' => out.push('\x0c'),
            'v' => out.push('\x0b'),
            'x' => out.push(hexadecimal(2)?),
            'u' => out.push(hexadecimal(4)?),
            'U' => out.push(hexadecimal(8)?),
            '0'..='7' => {
                let octal = after
                    .bytes()
                    .take(3)
                    .take_while(|b| matches!(b, b'0'..=b'7'))
                    .count();
                out.push(char::from_u32(
                    u32::from_str_radix(after.get(..octal)?, 8).ok()?,
                )?);
                tail = after.get(octal..)?;
            }
            'N' => return None,
            _ => {
                out.push('\\');
                out.push(kind);
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars()
        .map(|character| u8::try_from(u32::from(character)).ok())
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    pairs
        .iter()
        .map(|&[high, low]| u8::try_from(digit(high)? << 4 | digit(low)?).ok())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits
        .filter_map(|digit| char::from_digit(u32::from(digit), 16))
        .collect()
}

const VERSION: &str = "2024.1";
const WORDLIST: &str = "flask_unsign_wordlist/wordlists/all.txt";
const WORDLIST_SHA256: &str = "f88f138d1523a2c138f57c758459af6e75132840df97f44ebef5bf2c1915072c";
const DEFAULTS: &str = "xtask/data/framework-defaults.txt";
const KNOWN: &str = "crates/privyseal/src/secret/known";
const MINIMUM_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_read_as_python_reads_them() {
        for (line, value) in [
            (r"'dev'", "dev"),
            (r#""it's""#, "it's"),
            (r"'it\'s'", "it's"),
            (r"'\x41\u0042\103\n\q'", "ABC\n\\q"),
            (r"'\\e\\'", r"\e\"),
            ("'\\0'", "\0"),
        ] {
            assert_eq!(literal(line).as_deref(), Some(value), "{line}");
        }
        for line in [
            "",
            "'",
            "dev",
            "'dev",
            r"'dev\'",
            "'a'b'",
            r"'\x4'",
            r"'\uD800'",
        ] {
            assert_eq!(literal(line), None, "{line}");
        }
    }

    #[test]
    fn a_text_is_listed_in_every_form_that_becomes_a_key() {
        let hash = |key: &[u8]| {
            let mut one = BTreeSet::new();
            add(&mut one, std::str::from_utf8(key).expect("a test text"));
            one.len()
        };
        assert_eq!(hash(b"secret"), 1);
        assert_eq!(hash(b" secret"), 2);
        assert_eq!(
            hash(b"00112233445566778899aabbccddeeff"),
            3,
            "text, hex and base64"
        );
        assert_eq!(hash("\u{f3}".as_bytes()), 2, "UTF-8 and Latin-1");
        assert_eq!(hash(b"\\xf3"), 2, "the escape as text, and the byte");
        assert_eq!(hash(b"  "), 0);
    }
}
