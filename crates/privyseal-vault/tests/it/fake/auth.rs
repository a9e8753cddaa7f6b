//! Tokens, policies and logins.

use serde_json::{Value, json};

use super::{Call, Reply, State, errors};

/// A token as the server knows it.
#[derive(Clone)]
pub(crate) struct ServerToken {
    pub(crate) policy: Vec<Rule>,
    /// When it ends, in seconds of the server; never, for a root token.
    pub(crate) ends: Option<u64>,
    pub(crate) ttl: u64,
    pub(crate) is_renewable: bool,
}

/// Which methods a token may use below a path. Of several that fit, the longest counts.
pub(crate) type Rule = (&'static str, &'static [&'static str]);

/// What a login gives.
#[derive(Clone)]
pub(crate) struct Role {
    /// The secret id, or the token of the service account.
    pub(crate) proof: String,
    pub(crate) ttl: u64,
    pub(crate) is_renewable: bool,
    pub(crate) policy: Vec<Rule>,
}

impl ServerToken {
    pub(super) fn root() -> Self {
        Self {
            policy: EVERYTHING.to_vec(),
            ends: None,
            ttl: 0,
            is_renewable: false,
        }
    }

    /// One without an end, and with these rights.
    pub(crate) fn with(policy: &[Rule]) -> Self {
        Self {
            policy: policy.to_vec(),
            ..Self::root()
        }
    }

    fn may(&self, method: &str, path: &str) -> bool {
        let rules = self.policy.iter().chain(DEFAULT);
        let fitting = rules.filter(|(below, _)| path.starts_with(below));
        let longest = fitting.max_by_key(|(below, _)| below.len());
        longest.is_some_and(|(_, methods)| methods.contains(&method))
    }
}

impl State {
    fn live(&self, token: Option<&str>) -> Option<&ServerToken> {
        let token = self.tokens.get(token?)?;
        token
            .ends
            .is_none_or(|ends| self.now < ends)
            .then_some(token)
    }

    fn issue(&mut self, role: &Role) -> Value {
        let name = format!("not-a-real-token-{}", self.tokens.len());
        let token = ServerToken {
            policy: role.policy.clone(),
            ends: Some(self.now + role.ttl),
            ttl: role.ttl,
            is_renewable: role.is_renewable,
        };
        self.tokens.insert(name.clone(), token);
        json!({
            "auth": {
                "client_token": name,
                "lease_duration": role.ttl,
                "renewable": role.is_renewable,
                "token_type": "service",
            },
            "data": null,
        })
    }
}

/// Logins, which need no token.
pub(super) fn login(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    let text = |name: &str| call.content.get(name).and_then(Value::as_str);
    let (name, proof, refusal) = match call.path {
        "auth/approle/login" => (
            text("role_id"),
            text("secret_id"),
            errors(400, &["invalid role or secret ID"]),
        ),
        "auth/kubernetes/login" => (
            text("role"),
            text("jwt"),
            errors(403, &["permission denied"]),
        ),
        _ => return None,
    };
    let role = name.and_then(|name| state.roles.get(name)).cloned();
    let role = role.filter(|role| Some(role.proof.as_str()) == proof);
    Some(match role {
        Some(role) => (200, state.issue(&role)),
        None => refusal,
    })
}

/// Whether the token lets this call in.
pub(super) fn admit(state: &State, call: &Call<'_>) -> Result<(), Reply> {
    let denied = || errors(403, &["permission denied"]);
    let token = state.live(call.token).ok_or_else(denied)?;
    // Whoever has any right below a mount may know what is mounted there.
    if call.path.starts_with("sys/internal/ui/mounts/")
        || token.may(call.method.as_str(), call.path)
    {
        Ok(())
    } else {
        Err(denied())
    }
}

/// What a token does with itself.
pub(super) fn own(state: &mut State, call: &Call<'_>) -> Option<Reply> {
    let now = state.now;
    let token = state.tokens.get_mut(call.token?)?;
    match call.path {
        "auth/token/lookup-self" => {
            let left = token.ends.map_or(0, |ends| ends - now);
            let data = json!({ "ttl": left, "renewable": token.is_renewable, "type": "service" });
            Some((200, json!({ "data": data })))
        }
        "auth/token/renew-self" if !token.is_renewable => {
            Some(errors(400, &["lease is not renewable"]))
        }
        "auth/token/renew-self" => {
            token.ends = Some(now + token.ttl);
            let auth = json!({
                "client_token": call.token?,
                "lease_duration": token.ttl,
                "renewable": true,
            });
            Some((200, json!({ "auth": auth })))
        }
        _ => None,
    }
}

const EVERYTHING: &[Rule] = &[("", &["GET", "POST"])];

/// The policy that every token has.
const DEFAULT: &[Rule] = &[
    ("auth/token/lookup-self", &["GET"]),
    ("auth/token/renew-self", &["POST"]),
];
