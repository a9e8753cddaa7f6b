//! What holds for every request and every response.

use axum::extract::Request;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::pages::{Message, Page};

/// Refuses requests that change something and come from a page of another site.
///
/// `SameSite=Lax` keeps the cookie from them as well, but not on every browser, and not from
/// another port of the same host, which is the same site.
pub(super) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_from_here(request.headers()) {
        return next.run(request).await;
    }
    let message = Message {
        title: "Not from this page",
        text: "The request came from another site, or from a browser that does not say where it \
               came from. Nothing was changed.",
    };
    (StatusCode::FORBIDDEN, Page(message)).into_response()
}

/// Browsers say so themselves, and no script can make them lie; older ones name the origin only.
fn is_from_here(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(origin), Some(host)) = (text(ORIGIN), text(HOST)) else {
        return false;
    };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority == Some(host)
}

pub(super) async fn add_security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Not `no-referrer`: under it browsers send `Origin: null` with our own forms.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// No script at all: the pages have none.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                      base-uri 'none'; frame-ancestors 'none'";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_change_something() {
        let allowed = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs
                .iter()
                .map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
                .collect();
            is_from_here(&headers)
        };
        let host = ("host", "localhost:8080");
        assert!(allowed(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(allowed(&[host, ("origin", "http://localhost:8080")]));
        assert!(allowed(&[host, ("origin", "https://localhost:8080")]));
        for refused in [
            &[host][..],
            &[("origin", "http://localhost:8080")],
            &[host, ("origin", "null")],
            &[host, ("origin", "http://localhost:8081")],
            &[host, ("origin", "http://localhost")],
            &[host, ("origin", "http://evil.example/?://localhost:8080")],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("sec-fetch-site", "none")],
            &[
                host,
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://localhost:8080"),
            ],
        ] {
            assert!(!allowed(refused), "{refused:?}");
        }
    }
}
