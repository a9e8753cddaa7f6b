//! What handlers do to a session, as the path of the request says.

use privyseal::value::Value;
use privyseal_session::Session;
use privyseal_session::store::Subject;

use super::Gates;
use crate::random::Seeded;

/// What a handler answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// 200 unless a step says otherwise.
    pub status: u16,
    /// What steps have said, with spaces between.
    pub body: String,
}

/// Performs steps, which are separated by commas and have their arguments after colons.
///
/// | step | what it does |
/// |---|---|
/// | `set:key:text`, `remove:key`, `clear` | changes the session |
/// | `add:key:number` | reads a number of the session, and writes the sum |
/// | `count:key:number` | adds to a counter of the session |
/// | `noise:length` | writes that many characters that cannot be compressed |
/// | `renew`, `end`, `save`, `permanent` | calls the method of the session |
/// | `signin:name`, `remember`, `label:text` | the same, with this argument |
/// | `get:key`, `keys`, `new`, `subject` | says what the session holds, whether it is new, or whose it is |
/// | `wait:gate` | waits until the test opens the gate |
/// | `status:number` | sets the status of the answer |
/// | `panic` | panics |
pub async fn perform(session: &mut Session, steps: &str, gates: &Gates) -> Outcome {
    let mut status = 200;
    let mut said = Vec::new();
    for step in steps.split(',') {
        match *step.split(':').collect::<Vec<_>>() {
            ["set", key, text] => drop(session.insert(key, text)),
            ["remove", key] => drop(session.remove(key)),
            ["clear"] => session.clear(),
            ["add", key, number] => {
                let before = session.get(key).and_then(Value::as_i64).unwrap_or(0);
                session.insert(key, before + number.parse::<i64>().unwrap());
            }
            ["count", key, number] => {
                session.add(key, number.parse().unwrap()).unwrap();
            }
            ["noise", length] => drop(session.insert("noise", noise(length.parse().unwrap()))),
            ["signin", name] => session.sign_in(Subject::new(name).unwrap()),
            ["remember"] => session.remember(true),
            ["label", text] => session.set_label(text).unwrap(),
            ["renew"] => session.renew(),
            ["end"] => session.end(),
            ["permanent"] => session.set_permanent(true),
            ["save"] => session.save().unwrap(),
            ["get", key] => said.push(session.get(key).map_or("-".to_owned(), text_of)),
            ["keys"] => {
                let keys = session.keys().map(|key| key.to_string_lossy().into_owned());
                let mut keys: Vec<_> = keys.collect();
                keys.sort();
                said.extend(keys);
            }
            ["new"] => said.push(session.is_new().to_string()),
            ["subject"] => said.push(
                session
                    .subject()
                    .map_or("-".to_owned(), |subject| subject.as_str().to_owned()),
            ),
            ["wait", gate] => gates.pass(gate).await,
            ["status", number] => status = number.parse().unwrap(),
            ["panic"] => panic!("a step said so"),
            _ => panic!("no step {step}"),
        }
    }
    Outcome {
        status,
        body: said.join(" "),
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string_lossy().into_owned(),
        Value::Int(number) => number.to_string(),
        other => panic!("a step that reads a {}", other.type_name()),
    }
}

fn noise(length: usize) -> String {
    let mut numbers = Seeded::new(1);
    let letters: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
    (0..length).map(|_| *numbers.choose(&letters)).collect()
}
