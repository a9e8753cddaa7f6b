//! Somebody at the pages of the sample application.

use crate::serve::Server;

/// Keeps the cookie of one mode, and the token of the last form.
pub(crate) struct Visitor {
    mode: &'static str,
    pub(crate) cookie: String,
    token: String,
}

impl Visitor {
    pub(crate) fn new(mode: &'static str) -> Self {
        Self {
            mode,
            cookie: String::new(),
            token: String::new(),
        }
    }

    pub(crate) fn signed_in(server: &Server, mode: &'static str, name: &str) -> Self {
        let mut visitor = Self::new(mode);
        let answer = visitor.go(server, "POST", "/sign-in", &format!("name={name}"));
        assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
        assert!(visitor.is_in(server));
        visitor
    }

    /// The whole answer, headers included.
    pub(crate) fn go(&mut self, server: &Server, method: &str, path: &str, form: &str) -> String {
        let form = format!("{form}&csrf={}", self.token);
        let path = format!("/{}{path}", self.mode);
        let answer = server.send(method, &path, &self.cookie, &form);
        assert!(answer.starts_with("HTTP/1.1 "), "{path}: {answer}");
        let set = answer.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie").then_some(value)
        });
        if let Some(set) = set {
            set.split(';').next().unwrap().clone_into(&mut self.cookie);
        }
        if let Some((_, rest)) = answer.split_once("name=\"csrf\" value=\"") {
            rest.split('"').next().unwrap().clone_into(&mut self.token);
        }
        answer
    }

    /// Presses a button of the page of the mode.
    pub(crate) fn press(&mut self, server: &Server, path: &str, form: &str) -> String {
        self.go(server, "GET", "", "");
        self.go(server, "POST", path, form)
    }

    /// Whether the page of the mode shows somebody signed in.
    pub(crate) fn is_in(&mut self, server: &Server) -> bool {
        let page = self.go(server, "GET", "", "");
        assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
        page.contains("id=\"visitor-name\"")
    }

    /// Waits until the server has heard that the session is over.
    pub(crate) fn wait_until_out(&mut self, server: &Server) {
        let start = std::time::Instant::now();
        while self.is_in(server) {
            assert!(start.elapsed().as_secs() < 30, "it is still signed in");
            std::thread::yield_now();
        }
    }
}
