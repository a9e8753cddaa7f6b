//! Many requests at once.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use privyseal::SecretKey;

use super::Application;

/// All of them are in their handlers at the same time, each with a session of its own.
pub fn sixty_four_requests_at_once_keep_apart(app: &Application) {
    let names: Vec<String> = (0..64).map(|number| format!("user{number}")).collect();
    thread::scope(|scope| {
        for name in &names {
            scope.spawn(move || {
                let mut visitor = app.visitor_named(name);
                let said = visitor.told("get:user,wait:all,add:visits:1,get:user,get:visits");
                assert_eq!(said, format!("{name} {name} 1"));
                assert_eq!(visitor.told("get:user,get:visits"), format!("{name} 1"));
            });
        }
        app.gates.wait_for("all", names.len());
        app.gates.open("all");
    });
}

/// What a server keeps of one request for the next one of the connection is not the session.
pub fn requests_of_one_connection_keep_apart(app: &Application) {
    let cookie = format!("{}={}", app.cookie(), app.visitor_named("ada").cookie());
    let ask = "GET /act/get:user,new HTTP/1.1\r\nHost: localhost\r\n";
    let requests = format!("{ask}Cookie: {cookie}\r\n\r\n{ask}Connection: close\r\n\r\n");
    let mut connection = TcpStream::connect(app.address()).unwrap();
    connection.write_all(requests.as_bytes()).unwrap();
    let mut answers = String::new();
    connection.read_to_string(&mut answers).unwrap();
    let answers: Vec<_> = answers.split("HTTP/1.1 200 OK").skip(1).collect();
    assert!(answers[0].ends_with("\r\n\r\nada false"), "{answers:?}");
    assert!(answers[1].ends_with("\r\n\r\n- true"), "{answers:?}");
}

/// Every visit is counted, under whichever key the cookie before it was made.
pub fn rotation_under_load_signs_nobody_out(app: &Application) {
    const ROTATIONS: usize = 8;
    let rotated = AtomicBool::new(false);
    thread::scope(|scope| {
        for number in 0..4 {
            let rotated = &rotated;
            scope.spawn(move || {
                let mut visitor = app.visitor_named(&number.to_string());
                let mut visits = 0;
                while !rotated.load(Ordering::SeqCst) || visits == 0 {
                    visits += 1;
                    let said = visitor.told("add:visits:1,get:user,get:visits");
                    assert_eq!(said, format!("{number} {visits}"));
                }
            });
        }
        let mut observer = app.visitor_named("observer");
        for rotation in 0..ROTATIONS {
            let keys = app.engine.keys();
            keys.replace(keys.current().rotated(SecretKey::generate().unwrap()));
            assert_eq!(
                observer.told("add:turns:1,get:turns"),
                (rotation + 1).to_string()
            );
        }
        rotated.store(true, Ordering::SeqCst);
    });
}
