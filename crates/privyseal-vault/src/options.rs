//! Where the server is, how to get in, and whom to trust.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How to talk to a server of Vault or OpenBao.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use privyseal_vault::{Credential, Login, Vault, VaultOptions};
///
/// let token = Login::Token(Credential::File("/run/secrets/vault-token".into()));
/// let options = VaultOptions::new("https://vault.internal:8200", token)
///     .with_namespace("shop")
///     .with_timeout(Duration::from_secs(5));
/// let vault = Vault::new(options)?; // nothing is sent yet
/// # Ok::<(), privyseal_vault::VaultError>(())
/// ```
#[derive(Clone)]
pub struct VaultOptions {
    pub(crate) address: String,
    pub(crate) login: Login,
    pub(crate) namespace: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) roots: Option<Vec<u8>>,
    pub(crate) plain_anywhere: bool,
}

impl VaultOptions {
    /// The server at this address, such as `https://vault.internal:8200`; `http:` only on the
    /// loopback interface, as for an agent on the same machine.
    pub fn new(address: impl Into<String>, login: Login) -> Self {
        Self {
            address: address.into(),
            login,
            namespace: None,
            timeout: Duration::from_secs(10),
            roots: None,
            plain_anywhere: false,
        }
    }

    /// The namespace that everything is in, the login included.
    #[must_use]
    pub fn with_namespace(self, namespace: impl Into<String>) -> Self {
        Self {
            namespace: Some(namespace.into()),
            ..self
        }
    }

    /// How long a call may take, with the login that may come before it; 10 seconds otherwise.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Trusts these authorities (certificates in PEM) in place of those of the operating system.
    #[must_use]
    pub fn with_roots(self, pem: impl Into<Vec<u8>>) -> Self {
        Self {
            roots: Some(pem.into()),
            ..self
        }
    }

    /// Sends tokens and keys over a network in the clear, if the address says `http:`.
    ///
    /// # Security
    /// Whoever is on the way has the token, and with it whatever the token may do. For networks
    /// that encrypt by themselves.
    #[must_use]
    pub fn danger_allow_plain_http(self) -> Self {
        Self {
            plain_anywhere: true,
            ..self
        }
    }
}

impl fmt::Debug for VaultOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultOptions")
            .field("login", &self.login)
            .field("namespace", &self.namespace)
            .field("timeout", &self.timeout)
            .field("plain_anywhere", &self.plain_anywhere)
            .finish_non_exhaustive()
    }
}

/// How to get a token.
///
/// A token is renewed by the first call after half of its time. When it can no longer be, or the
/// server no longer knows it, its place is taken by a new one, without anybody noticing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Login {
    /// It is there already. It needs the rights of the policy `default`, to look itself up and to
    /// renew itself.
    Token(Credential),
    /// By the auth method for machines.
    AppRole {
        /// Where the method is mounted: `approle`, as a rule.
        mount: String,
        /// The role.
        role_id: String,
        /// What proves it.
        secret_id: Credential,
    },
    /// By the service account of a pod.
    Kubernetes {
        /// Where the method is mounted: `kubernetes`, as a rule.
        mount: String,
        /// The role.
        role: String,
        /// The token of the service account, which is in [`Login::SERVICE_ACCOUNT`] as a rule.
        jwt: Credential,
    },
}

impl Login {
    /// Where a pod finds the token of its service account.
    pub const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
}

/// Where a token, or what it takes to get one, is read each time that it is needed, since whoever
/// put it there may have renewed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A file. White space around its text is no part of it. If others than its owner can read a
    /// token or a secret id there, that is warned of, through `tracing`.
    File(PathBuf),
    /// An environment variable, or the file that the variable of this name with `_FILE` names.
    Variable(String),
}
