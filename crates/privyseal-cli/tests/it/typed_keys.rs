use std::fs::File;
use std::io::{Read, Write};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::{KEY, Place};

/// Both ends of a terminal: the one of the person and the one of the program.
pub(crate) fn terminal() -> (File, File) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let program = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    (person.into(), program.into())
}

#[test]
fn a_key_that_is_typed_is_not_shown() {
    let place = Place::new();
    let (mut person, program) = terminal();
    let mut child = place
        .command(["key", "check", "-"])
        .stdin(program.try_clone().unwrap())
        .spawn()
        .unwrap();

    let mut stderr = child.stderr.take().unwrap();
    let mut prompt = [0; 5];
    stderr.read_exact(&mut prompt).unwrap();
    assert_eq!(&prompt, b"key: ");
    let echoes = |file: &File| {
        tcgetattr(file)
            .unwrap()
            .local_modes
            .contains(LocalModes::ECHO)
    };
    assert!(!echoes(&program));
    person.write_all(format!("{KEY}\n").as_bytes()).unwrap();

    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        output
            .stdout
            .starts_with(b"verdict    accepted\nsource     standard input\n")
    );
    assert!(echoes(&program), "the terminal is left without echo");
    // With nobody on the other side, reading ends, by an error on Linux.
    drop(program);
    let mut shown = Vec::new();
    let _ = person.read_to_end(&mut shown);
    assert!(
        !String::from_utf8_lossy(&shown).contains(KEY),
        "the key was shown"
    );
}
