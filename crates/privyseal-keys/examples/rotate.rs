//! Opens a data directory and rotates its keys, so many times: `rotate DIR TIMES`.

use std::env;
use std::error::Error;

use privyseal_keys::KeyDirectory;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().ok_or("name a directory")?;
    let times: usize = arguments.next().ok_or("say how many times")?.parse()?;

    let directory = KeyDirectory::open_or_create(path)?;
    for _ in 0..times {
        directory.rotate()?;
    }
    Ok(())
}
