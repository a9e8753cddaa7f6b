//! The other side of a worker process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};
use privyseal_bench_load::{Job, Order, Outcome};

/// A process that holds contenders; it ends when this is dropped.
pub(crate) struct Worker {
    process: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Worker {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = command.spawn();
        let mut process = started.with_context(|| format!("could not start {command:?}"))?;
        let answers = process.stdout.take().context("it is a pipe")?;
        Ok(Self {
            orders: process.stdin.take(),
            answers: BufReader::new(answers),
            process,
        })
    }

    pub(crate) fn open(&mut self, name: &str, contender: &str, url: &str) -> Result<()> {
        let order = Order::Open {
            name: name.to_owned(),
            contender: contender.to_owned(),
            url: url.to_owned(),
        };
        self.ask(&order).map(drop)
    }

    pub(crate) fn fill(&mut self, name: &str, sessions: usize) -> Result<()> {
        let name = name.to_owned();
        self.ask(&Order::Fill { name, sessions }).map(drop)
    }

    pub(crate) fn run(&mut self, name: &str, job: Job) -> Result<Outcome> {
        let name = name.to_owned();
        let outcome = self.ask(&Order::Run { name, job })?;
        outcome.context("a job has an outcome")
    }

    fn ask(&mut self, order: &Order) -> Result<Option<Outcome>> {
        let orders = self.orders.as_mut().context("it takes orders")?;
        writeln!(orders, "{}", serde_json::to_string(order)?)?;
        orders.flush()?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            bail!("a worker ended: {}", self.process.wait()?);
        }
        let answer: Result<Option<Outcome>, String> = serde_json::from_str(&answer)?;
        answer.map_err(|error| anyhow!("{error}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its orders is the end of it.
        self.orders = None;
        let _ = self.process.wait();
    }
}
