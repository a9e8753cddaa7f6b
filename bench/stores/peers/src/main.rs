//! Sessions of tower-sessions and actix-session, to be measured by `privyseal-bench-stores`.

#![forbid(unsafe_code)]

mod actix;
mod counted;
mod tower;

use anyhow::{Result, bail};
use privyseal_bench_load::{Contender, serve};

fn main() -> Result<()> {
    serve(&open)
}

async fn open(name: &str, url: &str) -> Result<Box<dyn Contender>> {
    Ok(match name {
        "actix-session" => Box::new(actix::open(url.to_owned())),
        "tower-sessions" if url.starts_with("redis:") => Box::new(tower::redis(url).await?),
        "tower-sessions" if url.starts_with("postgres:") => Box::new(tower::postgres(url).await?),
        "tower-sessions" if url.starts_with("mysql:") => Box::new(tower::mysql(url).await?),
        "tower-sessions, WAL" => Box::new(tower::sqlite(url, true).await?),
        "tower-sessions, journal" => Box::new(tower::sqlite(url, false).await?),
        _ => bail!("no contender is called `{name}`, or none with a store at {url}"),
    })
}
