//! What secrets are called.

use std::fmt;

/// The name of the secret that holds a ring.
///
/// # Examples
/// ```
/// use privyseal_aws::SecretName;
///
/// assert!(SecretName::new("shop/production/key-ring").is_ok());
/// assert!(SecretName::new("arn:aws:secretsmanager:eu-central-1:1:secret:shop").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SecretName(String);

impl SecretName {
    /// Takes 1 to 512 letters and digits of ASCII, and `/_+=.@-`, as AWS does.
    ///
    /// An ARN is no name: a secret cannot be made by it.
    ///
    /// # Errors
    /// When the name is another one.
    pub fn new(name: impl Into<String>) -> Result<Self, SecretNameError> {
        let name = name.into();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
        if (1..=MAX_LEN).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name))
        } else {
            Err(SecretNameError)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text is not the name of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret is named by 1 to 512 letters, digits and characters of /_+=.@-")]
pub struct SecretNameError;

const MAX_LEN: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_service() {
        for name in ["m", "shop/ring", "A_b+c=d.e@f-9", &"x".repeat(512)] {
            assert_eq!(SecretName::new(name).unwrap().as_str(), name);
        }
        for name in ["", "a b", "a:b", "a\\b", "\u{fc}", &"x".repeat(513)] {
            assert_eq!(SecretName::new(name), Err(SecretNameError), "{name}");
        }
    }
}
