//! Why a key was refused. No text here ever contains a part of the key.

use std::error::Error;
use std::fmt;

use super::assess::{MINIMUM_BITS, MINIMUM_BYTES};
use super::encoding::KeyEncoding;

/// What makes a key unfit to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Weakness {
    /// Nothing, or nothing but white space.
    Missing,
    /// A text that stands where a key should be put: `changeme`, `<your key here>`, `${SECRET_KEY}`.
    Placeholder,
    /// On the embedded list of framework defaults and keys published in source code.
    PubliclyKnown,
    /// Shorter than 16 bytes.
    TooShort {
        /// The length of the key in bytes.
        length: usize,
    },
    /// A character or a block over and over.
    Repeated,
    /// A run of the alphabet, of numbers, or of neighbouring keys of a keyboard.
    Sequential,
    /// Words, names or sentences, however spelt.
    Passphrase,
    /// Too few possibilities to withstand guessing, for another reason than those above.
    LowEntropy {
        /// The estimated strength in bits.
        bits: u32,
    },
}

impl Weakness {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Missing => "set one; `privyseal key generate` makes it",
            Self::Placeholder => {
                "put a real key in its place; `privyseal key generate` makes one, kept out of the source code"
            }
            Self::PubliclyKnown => {
                "treat every session signed with it as forged: replace it with the output of \
                 `privyseal key generate` and do not keep the old one for verification"
            }
            Self::TooShort { .. } => "use 32 random bytes, as `privyseal key generate` makes them",
            Self::Repeated | Self::Sequential | Self::Passphrase | Self::LowEntropy { .. } => {
                "a key is random bytes, not something to remember; `privyseal key generate` makes one"
            }
        }
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the secret key is missing or blank"),
            Self::Placeholder => f.write_str("the secret key is a placeholder"),
            Self::PubliclyKnown => f.write_str("the secret key is publicly known"),
            Self::TooShort { length } => {
                let s = if *length == 1 { "" } else { "s" };
                write!(
                    f,
                    "the secret key has {length} byte{s}, fewer than {MINIMUM_BYTES}"
                )
            }
            Self::Repeated => f.write_str("the secret key repeats itself"),
            Self::Sequential => {
                f.write_str("the secret key is a sequence of neighbouring characters")
            }
            Self::Passphrase => f.write_str("the secret key is made of words"),
            Self::LowEntropy { bits } => write!(
                f,
                "the secret key is easy to guess: about {bits} bits, fewer than {MINIMUM_BITS}"
            ),
        }
    }
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyError {
    /// The key is unfit to sign.
    Weak(Weakness),
    /// The text is not of the encoding it was said to be.
    Malformed {
        /// The encoding that was asked for.
        encoding: KeyEncoding,
    },
    /// The operating system gave no randomness, so no key was made.
    RandomnessUnavailable,
}

impl KeyError {
    /// The weakness, when that is the reason.
    pub fn weakness(&self) -> Option<Weakness> {
        match self {
            Self::Weak(weakness) => Some(*weakness),
            _ => None,
        }
    }

    /// What to do about it, as one sentence for a `hint:` line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Weak(weakness) => weakness.hint(),
            Self::Malformed {
                encoding: KeyEncoding::Hex,
            } => "hex has two digits a byte, without spaces, line breaks or `0x`",
            Self::Malformed { .. } => {
                "check the alphabet (`+/` for base64, `-_` for base64url) and that no space or line \
                 break slipped in"
            }
            Self::RandomnessUnavailable => {
                "see that the process may call getrandom or read /dev/urandom"
            }
        }
    }
}

impl From<Weakness> for KeyError {
    fn from(weakness: Weakness) -> Self {
        Self::Weak(weakness)
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Weak(weakness) => weakness.fmt(f),
            Self::Malformed { encoding } => write!(f, "the secret key is not valid {encoding}"),
            Self::RandomnessUnavailable => {
                f.write_str("the operating system gave no randomness for a secret key")
            }
        }
    }
}

impl Error for KeyError {}
