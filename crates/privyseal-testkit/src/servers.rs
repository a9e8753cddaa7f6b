//! Real database servers of a test's own: started on a port of their own, and gone when the test is.

pub mod instance;
pub mod mariadb;
pub mod nginx;
pub mod port;
pub mod postgres;
pub mod process;
pub mod redis;

use anyhow::Result;

/// A server that a test ends and starts again.
pub trait Restart {
    /// Ends it at once (SIGKILL): what is in its memory is lost.
    fn kill(&mut self);

    /// Asks it to end, and waits until it has.
    fn stop(&mut self);

    /// Starts it on the same port with the data it left; one that runs is ended before. Returns
    /// when it answers.
    ///
    /// # Errors
    /// When it does not get ready.
    fn restart(&mut self) -> Result<()>;
}
