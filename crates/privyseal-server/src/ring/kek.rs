//! What wraps a ring, in one word.

use std::path::PathBuf;
use std::str::FromStr;

use super::cloud::CloudKek;

/// What wraps the keys of a ring where the ring is kept: `file:PATH`, `age:PATH`,
/// `pkcs11:MODULE?token=LABEL&key=LABEL&pin-file=PATH`, `kms:KEY` (an ARN, an id or an alias of AWS
/// KMS), `transit:MOUNT/KEY` (of Vault), or `plain`.
///
/// The PIN of a token is in a file that only its owner can read (`pin-file=PATH`), or in an
/// environment variable (`pin-env=NAME`); a URL never has it.
///
/// # Examples
/// ```
/// use privyseal_server::KekChoice;
///
/// let choice: KekChoice = "file:/etc/app/kek".parse()?;
/// assert!(!choice.is_plain());
/// assert!("pkcs11:/usr/lib/m.so?token=web&key=k&pin-value=1234".parse::<KekChoice>().is_err());
/// # Ok::<(), privyseal_server::KekChoiceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KekChoice(pub(super) Provider);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Plain,
    File(PathBuf),
    Age {
        identities: PathBuf,
        /// None are those of the identities.
        recipients: Vec<String>,
    },
    Pkcs11 {
        module: PathBuf,
        token: String,
        key: String,
        pin: Pin,
    },
    Cloud(CloudKek),
}

/// Where the PIN of a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pin {
    File(PathBuf),
    Variable(String),
}

impl KekChoice {
    /// The key-encryption key in this file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Provider::File(path.into()))
    }

    /// Whether nothing is wrapped, and whoever reads the ring has its keys.
    pub fn is_plain(&self) -> bool {
        self.0 == Provider::Plain
    }

    /// Wraps to these recipients of age, of whom the first identity of the file must be one.
    ///
    /// # Errors
    /// When it is no choice of age.
    pub fn with_recipients(mut self, recipients: Vec<String>) -> Result<Self, KekChoiceError> {
        match &mut self.0 {
            Provider::Age { recipients: of, .. } => *of = recipients,
            _ if recipients.is_empty() => {}
            _ => return Err(KekChoiceError::NoRecipients),
        }
        Ok(self)
    }
}

impl FromStr for KekChoice {
    type Err = KekChoiceError;

    fn from_str(text: &str) -> Result<Self, KekChoiceError> {
        if text == "plain" {
            return Ok(Self(Provider::Plain));
        }
        let (provider, rest) = text.split_once(':').ok_or(KekChoiceError::UnknownKind)?;
        let provider = match provider {
            "file" => Provider::File(path(rest)?),
            "age" => Provider::Age {
                identities: path(rest)?,
                recipients: Vec::new(),
            },
            "pkcs11" => pkcs11(rest)?,
            "kms" => Provider::Cloud(CloudKek::kms(rest).ok_or(KekChoiceError::NoKey)?),
            "transit" => Provider::Cloud(CloudKek::transit(rest).ok_or(KekChoiceError::NoKey)?),
            _ => return Err(KekChoiceError::UnknownKind),
        };
        Ok(Self(provider))
    }
}

fn path(text: &str) -> Result<PathBuf, KekChoiceError> {
    match text.strip_prefix("//").unwrap_or(text) {
        "" => Err(KekChoiceError::NoPath),
        path => Ok(path.into()),
    }
}

fn pkcs11(text: &str) -> Result<Provider, KekChoiceError> {
    let (module, query) = text.split_once('?').ok_or(KekChoiceError::BadToken)?;
    let (mut token, mut key, mut pin) = (None, None, None);
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').ok_or(KekChoiceError::BadToken)?;
        let value = Some(percent_decoded(value).ok_or(KekChoiceError::BadToken)?);
        let is_new = match name {
            "token" => token.replace(value).is_none(),
            "key" => key.replace(value).is_none(),
            "pin-file" => pin
                .replace(value.map(|path| Pin::File(path.into())))
                .is_none(),
            "pin-env" => pin.replace(value.map(Pin::Variable)).is_none(),
            "pin" | "pin-value" => return Err(KekChoiceError::PinInSight),
            _ => false,
        };
        if !is_new {
            return Err(KekChoiceError::BadToken);
        }
    }
    match (token.flatten(), key.flatten(), pin.flatten()) {
        (Some(token), Some(key), Some(pin)) => Ok(Provider::Pkcs11 {
            module: path(module)?,
            token,
            key,
            pin,
        }),
        _ => Err(KekChoiceError::BadToken),
    }
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.is_empty())
}

/// Why a text does not say what wraps a ring. What the text was is not said: it may hold a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KekChoiceError {
    /// It begins with nothing that is known.
    #[error("what wraps the key ring begins with no provider that is known")]
    UnknownKind,
    /// It names no file.
    #[error("what wraps the key ring names no file")]
    NoPath,
    /// The token, the key in it and the place of the PIN are not all there, or something else is.
    #[error("the token that wraps the key ring is not named as it has to be")]
    BadToken,
    /// The PIN itself was given, and others may have seen it.
    #[error("the PIN of the token stands where others can see it")]
    PinInSight,
    /// It names no key that AWS KMS or Vault could have.
    #[error("what wraps the key ring names no key")]
    NoKey,
    /// Recipients were named for something else than age.
    #[error("only age has recipients")]
    NoRecipients,
}

impl KekChoiceError {
    /// What to do about it, for the `hint:` line of an error message.
    pub fn hint(self) -> &'static str {
        match self {
            Self::UnknownKind => {
                "keys are wrapped by file:PATH, age:PATH, \
                 pkcs11:MODULE?token=LABEL&key=LABEL&pin-file=PATH, kms:KEY or \
                 transit:MOUNT/KEY; `plain` wraps nothing, for \
                 rings in files alone"
            }
            Self::NoPath => "write the path behind it, as in file:/etc/app/kek",
            Self::BadToken => {
                "write it as in pkcs11:/usr/lib/softhsm/libsofthsm2.so?token=web&key=kek&\
                 pin-file=/etc/app/pin, with pin-env=NAME where the PIN is in a variable; what is \
                 special in a label is percent-encoded"
            }
            Self::PinInSight => {
                "change the PIN if the machine is shared; put it into a file that only you can \
                 read, and write pin-file=PATH"
            }
            Self::NoKey => "write it as in kms:alias/ring, kms:ARN or transit:transit/ring",
            Self::NoRecipients => "leave the recipients away, or wrap by age:PATH",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_has_its_word() {
        for (text, provider) in [
            ("plain", Provider::Plain),
            ("file:a/kek", Provider::File("a/kek".into())),
            ("file:///a/kek", Provider::File("/a/kek".into())),
            (
                "age:id.txt",
                Provider::Age {
                    identities: "id.txt".into(),
                    recipients: Vec::new(),
                },
            ),
            (
                "pkcs11:/m.so?token=web&key=ring%20kek&pin-env=PIN",
                Provider::Pkcs11 {
                    module: "/m.so".into(),
                    token: "web".to_owned(),
                    key: "ring kek".to_owned(),
                    pin: Pin::Variable("PIN".to_owned()),
                },
            ),
            (
                "kms:arn:aws:kms:eu-central-1:111122223333:key/1234",
                Provider::Cloud(CloudKek::Kms(
                    "arn:aws:kms:eu-central-1:111122223333:key/1234".to_owned(),
                )),
            ),
            (
                "transit:team/transit/ring",
                Provider::Cloud(CloudKek::Transit {
                    mount: "team/transit".to_owned(),
                    key: "ring".to_owned(),
                }),
            ),
        ] {
            assert_eq!(text.parse::<KekChoice>().unwrap(), KekChoice(provider));
        }
    }

    #[test]
    fn what_is_no_choice_is_refused_with_a_hint_and_not_quoted() {
        for (text, error) in [
            ("", KekChoiceError::UnknownKind),
            ("hunter2", KekChoiceError::UnknownKind),
            ("hunter2:a", KekChoiceError::UnknownKind),
            ("file:", KekChoiceError::NoPath),
            ("age://", KekChoiceError::NoPath),
            ("pkcs11:/m.so", KekChoiceError::BadToken),
            ("pkcs11:?token=a&key=b&pin-file=c", KekChoiceError::NoPath),
            ("pkcs11:/m.so?token=a&key=b", KekChoiceError::BadToken),
            (
                "pkcs11:/m.so?token=a&token=b&key=c&pin-env=d",
                KekChoiceError::BadToken,
            ),
            (
                "pkcs11:/m.so?token=%4&key=b&pin-env=d",
                KekChoiceError::BadToken,
            ),
            (
                "pkcs11:/m.so?token=a&key=b&pin-value=hunter2",
                KekChoiceError::PinInSight,
            ),
            ("kms:", KekChoiceError::NoKey),
            ("kms:hunter2 a", KekChoiceError::NoKey),
            ("transit:hunter2", KekChoiceError::NoKey),
            ("transit:/hunter2", KekChoiceError::NoKey),
            ("transit:a/../hunter2", KekChoiceError::NoKey),
        ] {
            let refused = text.parse::<KekChoice>().unwrap_err();
            assert_eq!(refused, error, "{text}");
            let said = format!("{refused} {refused:?} {}", refused.hint());
            assert!(!said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn only_age_has_recipients() {
        let named = vec!["age1x".to_owned()];
        let age: KekChoice = "age:id".parse().unwrap();
        let age = age.with_recipients(named.clone()).unwrap();
        assert!(matches!(age.0, Provider::Age { recipients, .. } if recipients == named));
        let plain: KekChoice = "plain".parse().unwrap();
        assert_eq!(
            plain.clone().with_recipients(named),
            Err(KekChoiceError::NoRecipients)
        );
        assert_eq!(plain.clone().with_recipients(Vec::new()), Ok(plain));
    }
}
