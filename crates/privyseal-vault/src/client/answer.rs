//! What a server answers.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::error::CallError;

/// A status and a body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// Leaves to the caller what depends on the call: success, 400, 404 and 500.
    pub(super) fn or_failure(self) -> Result<Self, CallError> {
        match self.status {
            200..300 | 400 | 404 | 500 => Ok(self),
            status => Err(CallError::of_status(status)),
        }
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// What the status says, for a caller that expected another one.
    pub(crate) fn failure(&self) -> CallError {
        match self.status {
            // Each 404 of the server itself has a list of errors, if an empty one.
            404 if self.errors().is_none() => CallError::Foreign,
            404 => CallError::NoEngine,
            status => CallError::of_status(status),
        }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|_| CallError::Foreign)
    }

    /// The member `data` of a success.
    pub(crate) fn data<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        if self.is_success() {
            self.json::<Data<T>>().map(|content| content.data)
        } else {
            Err(self.failure())
        }
    }

    /// Whether one of its errors has this text.
    pub(crate) fn says(&self, text: &str) -> bool {
        let errors = self.errors().unwrap_or_default();
        errors.iter().any(|error| error.contains(text))
    }

    /// Its errors, if it is an answer that has a list of them.
    pub(crate) fn errors(&self) -> Option<Vec<String>> {
        self.json::<Errors>().ok().map(|content| content.errors)
    }
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: Zeroizing::new(body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn a_page_of_a_proxy_is_no_answer_of_the_server() {
        let foreign = answer(404, "<html>Not Found</html>").failure();
        assert!(matches!(foreign, CallError::Foreign), "{foreign:?}");
        let foreign = answer(200, "<html>").data::<String>().unwrap_err();
        assert!(matches!(foreign, CallError::Foreign), "{foreign:?}");
        let no_engine = answer(404, r#"{"errors":["no handler for route"]}"#).failure();
        assert!(matches!(no_engine, CallError::NoEngine), "{no_engine:?}");
    }

    #[test]
    fn errors_are_found_by_their_text_and_data_is_that_of_a_success() {
        let refused = answer(400, r#"{"errors":["one", "two or three"]}"#);
        assert!(refused.says("two") && !refused.says("four"));
        assert!(refused.data::<String>().is_err());
        let done = answer(200, r#"{"data":"x","warnings":null}"#);
        assert_eq!(done.data::<String>().unwrap(), "x");
    }
}
