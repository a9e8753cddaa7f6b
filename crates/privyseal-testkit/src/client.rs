//! A browser without pages: plain HTTP/1.1 over a socket, and a cookie jar for one host.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// What came back, as it came.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// All headers.
    pub headers: HeaderMap,
    /// The body, without the transfer encoding.
    pub body: String,
}

impl Response {
    /// The values of every header of this name.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok()).collect()
    }
}

/// Sends one request on a connection of its own.
///
/// # Errors
/// When the server does not answer in HTTP within a minute.
pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Response> {
    let mut stream = begin(address, method, path, headers, body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    parse(&answer)
}

/// Sends one request, and leaves it to the caller to read the answer or not.
///
/// # Errors
/// When the server cannot be reached.
pub fn begin(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n")?;
    }
    write!(request, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

/// The answer, as it was read to its end.
///
/// # Errors
/// When it is no HTTP.
pub fn parse(answer: &[u8]) -> Result<Response> {
    let answer = std::str::from_utf8(answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the answer has no end of headers")?;
    let (status, lines) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = status.split(' ').nth(1).context("no status")?;
    let mut headers = HeaderMap::new();
    for line in lines.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').context("a header without a colon")?;
        let value = HeaderValue::from_str(value.trim())?;
        headers.append(name.parse::<HeaderName>()?, value);
    }
    let chunked = headers
        .get("transfer-encoding")
        .is_some_and(|encoding| encoding == "chunked");
    Ok(Response {
        status: status.parse()?,
        headers,
        body: if chunked {
            joined(body)?
        } else {
            body.to_owned()
        },
    })
}

/// The chunks of a body put together.
fn joined(mut rest: &str) -> Result<String> {
    let mut body = String::new();
    loop {
        let (len, after) = rest
            .split_once("\r\n")
            .context("a chunk without a length")?;
        let (chunk, after) = after
            .split_at_checked(usize::from_str_radix(len, 16)?)
            .context("a chunk was cut off")?;
        if chunk.is_empty() {
            return Ok(body);
        }
        body.push_str(chunk);
        rest = after
            .strip_prefix("\r\n")
            .context("a chunk without an end")?;
    }
}

/// A client that keeps cookies, whichever server of the host set them.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    /// Names and values.
    pub cookies: BTreeMap<String, String>,
    /// What it sends besides.
    pub headers: Vec<(String, String)>,
}

impl Browser {
    /// Sends a `GET`.
    ///
    /// # Errors
    /// As [`send`].
    pub fn get(&mut self, address: SocketAddr, path: &str) -> Result<Response> {
        self.request(address, "GET", path, "")
    }

    /// Sends a `POST`; a body that starts like JSON is sent as such.
    ///
    /// # Errors
    /// As [`send`].
    pub fn post(&mut self, address: SocketAddr, path: &str, body: &str) -> Result<Response> {
        self.request(address, "POST", path, body)
    }

    fn request(
        &mut self,
        address: SocketAddr,
        method: &str,
        path: &str,
        body: &str,
    ) -> Result<Response> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        if !cookies.is_empty() {
            headers.push(("Cookie", &cookies));
        }
        if body.starts_with(['{', '[']) {
            headers.push(("Content-Type", "application/json"));
        }
        let response = send(address, method, path, &headers, body)?;
        for cookie in response.headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str()?)?;
        }
        Ok(response)
    }

    fn keep(&mut self, cookie: &str) -> Result<()> {
        let mut parts = cookie.split("; ");
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
            bail!("a cookie without a name: {cookie}");
        };
        if parts.any(|attribute| attribute == "Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        let answer =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        assert_eq!(parse(answer.as_bytes()).unwrap().body, "abcd");
    }

    #[test]
    fn removed_cookies_are_gone() {
        let mut browser = Browser::default();
        browser.keep("a=1; Path=/").unwrap();
        browser.keep("b=2").unwrap();
        browser.keep("a=; Max-Age=0; Path=/").unwrap();
        assert_eq!(browser.cookies, [("b".to_owned(), "2".to_owned())].into());
    }
}
