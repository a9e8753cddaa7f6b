//! A browser at the pages of the sample application, which keeps its connections open.

use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The modes of the sample application by their paths.
pub const MODES: [&str; 4] = ["sealed", "signed", "flask", "stored"];

/// Somebody who signs in, in one mode, and then asks whichever node.
#[derive(Debug)]
pub struct Visitor {
    mode: &'static str,
    /// Name and value, as it is sent.
    cookie: String,
    /// That of the last form.
    token: String,
    /// Whether a cookie that comes takes the place of the one that was sent.
    is_copy: bool,
    connections: HashMap<SocketAddr, BufReader<TcpStream>>,
    /// How many answers told it to forget its cookie.
    deletions: u64,
}

/// How a request of somebody who is signed in was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// With their session, and the note in it.
    SignedIn(Option<String>),
    /// With the page of somebody who is not signed in.
    Stranger,
    /// With 503: neither yes nor no.
    Unavailable,
    /// With something else.
    Other(u16, String),
}

/// An answer as far as it matters.
struct Answer {
    status: u16,
    cookies: Vec<String>,
    body: String,
}

impl Visitor {
    /// Somebody without a session.
    pub fn new(mode: &'static str) -> Self {
        Self {
            mode,
            cookie: String::new(),
            token: String::new(),
            is_copy: false,
            connections: HashMap::new(),
            deletions: 0,
        }
    }

    /// Somebody who is signed in.
    ///
    /// # Errors
    /// When they are not let in.
    pub fn signed_in(node: SocketAddr, mode: &'static str, name: &str) -> Result<Self> {
        let mut visitor = Self::new(mode);
        let status = visitor.sign_in(node, name)?;
        anyhow::ensure!(status == 303, "sign-in was answered with {status}");
        Ok(visitor)
    }

    /// Signs in; the status of the answer.
    ///
    /// # Errors
    /// When the node does not answer.
    pub fn sign_in(&mut self, node: SocketAddr, name: &str) -> Result<u16> {
        let answer = self.ask(node, "POST", "/sign-in", &format!("name={name}"))?;
        Ok(answer.status)
    }

    /// Whoever has a copy of the cookie as it is now, and keeps it whatever is answered.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            cookie: self.cookie.clone(),
            is_copy: true,
            ..Self::new(self.mode)
        }
    }

    /// The name and the value of the cookie, as it is sent.
    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The mode.
    pub fn mode(&self) -> &'static str {
        self.mode
    }

    /// How many answers told it to forget its cookie.
    pub fn deletions(&self) -> u64 {
        self.deletions
    }

    /// Asks for the page of the session.
    ///
    /// # Errors
    /// When the node does not answer.
    pub fn look(&mut self, node: SocketAddr) -> Result<Seen> {
        let answer = self.ask(node, "GET", "", "")?;
        if let Some(token) = between(&answer.body, "name=\"csrf\" value=\"", "\"") {
            token.clone_into(&mut self.token);
        }
        Ok(match answer.status {
            200 if answer.body.contains("id=\"visitor-name\"") => {
                let shown = between(&answer.body, "<dt>Note</dt><dd>", "</dd>");
                let shown = shown.filter(|shown| !shown.starts_with('<'));
                Seen::SignedIn(shown.map(str::to_owned))
            }
            200 => Seen::Stranger,
            503 => Seen::Unavailable,
            status => Seen::Other(status, answer.body),
        })
    }

    /// Writes a note into the session; the status of the answer.
    ///
    /// # Errors
    /// When the node does not answer.
    pub fn write(&mut self, node: SocketAddr, text: &str) -> Result<u16> {
        let form = format!("note={text}&csrf={}", self.token);
        Ok(self.ask(node, "POST", "/note", &form)?.status)
    }

    fn ask(&mut self, node: SocketAddr, method: &str, path: &str, form: &str) -> Result<Answer> {
        let request = format!(
            "{method} /{}{path} HTTP/1.1\r\nHost: {node}\r\nOrigin: http://{node}\r\n\
             Cookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{form}",
            self.mode,
            self.cookie,
            form.len()
        );
        let mut connection = match self.connections.remove(&node) {
            Some(connection) => connection,
            None => connect(node)?,
        };
        connection.get_mut().write_all(request.as_bytes())?;
        let answer = read(&mut connection)?;
        self.connections.insert(node, connection);
        for cookie in &answer.cookies {
            self.keep(cookie)?;
        }
        Ok(answer)
    }

    fn keep(&mut self, cookie: &str) -> Result<()> {
        let mut parts = cookie.split("; ");
        let pair = parts.next().context("a cookie has a name")?;
        let is_deletion = parts.any(|part| part == "Max-Age=0") || pair.ends_with('=');
        self.deletions += u64::from(is_deletion);
        if !self.is_copy {
            let kept = if is_deletion { "" } else { pair };
            kept.clone_into(&mut self.cookie);
        }
        Ok(())
    }
}

fn connect(node: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(node)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    Ok(BufReader::new(stream))
}

fn read(connection: &mut BufReader<TcpStream>) -> Result<Answer> {
    let mut line = String::new();
    connection.read_line(&mut line)?;
    let status = line.split(' ').nth(1).context("an answer has a status")?;
    let mut answer = Answer {
        status: status.parse()?,
        cookies: Vec::new(),
        body: String::new(),
    };
    let mut length = 0;
    loop {
        line.clear();
        connection.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse()?,
            "set-cookie" => answer.cookies.push(value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body)?;
    answer.body = String::from_utf8(body)?;
    Ok(answer)
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    rest.split_once(end).map(|(found, _)| found)
}
