//! The loop of a worker process.

use std::collections::HashMap;
use std::io::{BufRead as _, Write as _};

use anyhow::{Context as _, Result};

use crate::{Contender, Order, Outcome};

/// Does what the orders say, until there are no more.
///
/// `open` makes a contender by its name and the address of its store.
///
/// # Errors
/// When an order makes no sense. What goes wrong with a contender is part of the answer.
pub fn serve(open: &impl AsyncFn(&str, &str) -> Result<Box<dyn Contender>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let mut contenders = HashMap::new();
    for line in std::io::stdin().lock().lines() {
        let order = serde_json::from_str(&line?)?;
        let outcome = runtime.block_on(obey(&mut contenders, open, order));
        let answer: Result<_, String> = outcome.map_err(|error| format!("{error:#}"));
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{}", serde_json::to_string(&answer)?)?;
        stdout.flush()?;
    }
    Ok(())
}

async fn obey(
    contenders: &mut HashMap<String, Box<dyn Contender>>,
    open: &impl AsyncFn(&str, &str) -> Result<Box<dyn Contender>>,
    order: Order,
) -> Result<Option<Outcome>> {
    let find = |name: &str| -> Result<&dyn Contender> {
        let contender = contenders.get(name);
        let contender = contender.with_context(|| format!("`{name}` is not open"))?;
        Ok(&**contender)
    };
    match order {
        Order::Open {
            name,
            contender,
            url,
        } => {
            let opened = open(&contender, &url).await;
            contenders.insert(name, opened.context(contender)?);
            Ok(None)
        }
        Order::Fill { name, sessions } => {
            find(&name)?.fill(sessions).await.context(name)?;
            Ok(None)
        }
        Order::Run { name, job } => {
            let outcome = find(&name)?.run(&job).await;
            Ok(Some(outcome.context(name)?))
        }
    }
}
