//! Waiting: the bridge from this crate's plain functions to the database's futures, with Ctrl-C as the way out.
//!
//! Work runs on threads of its own and signals are heard on the calling thread, since a join over large tables may compute
//! for minutes without giving its thread back. Such work is left behind when the user interrupts: it gets no new thread,
//! and ends with the process at the latest.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime as Threads};
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// How long interrupted work may take to end by itself.
const PATIENCE: Duration = Duration::from_millis(200);

/// Stack of a working thread. An expression as deep as the language allows is evaluated recursively by the engine; what
/// is not touched takes no memory.
const STACK_BYTES: usize = 256 << 20;

/// Runs futures and listens for Ctrl-C meanwhile.
#[derive(Debug)]
pub(crate) struct Runtime {
    here: Threads,
    /// Replaced if interrupted work does not give them back.
    threads: RefCell<Option<Threads>>,
}

impl Runtime {
    /// Starts the threads.
    pub(crate) fn start() -> Result<Self, Failure> {
        let failure = |error| Failure::of_io("start threads", &error);
        let here = Builder::new_current_thread().enable_all().build().map_err(failure)?;
        let threads = Builder::new_multi_thread()
            .enable_all()
            .thread_stack_size(STACK_BYTES)
            .build()
            .map_err(failure)?;
        Ok(Self {
            here,
            threads: RefCell::new(Some(threads)),
        })
    }

    /// Waits for a future; Ctrl-C drops it, which cancels what it does.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let mut task = self.spawn(work)?;
        let ended = self.here.block_on(async {
            tokio::select! {
                biased;
                _ = tokio::signal::ctrl_c() => None,
                ended = &mut task => Some(ended),
            }
        });
        match ended {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(lost()),
            None => {
                task.abort();
                let ended = self
                    .here
                    .block_on(async { tokio::time::timeout(PATIENCE, task).await.is_ok() });
                if !ended {
                    self.leave_behind();
                }
                Err(Failure::interrupted())
            }
        }
    }

    /// Waits for work that blocks, on a thread of its own. Ctrl-C gives it up: the thread goes on until the process ends
    /// or its files are taken away.
    pub(crate) fn wait_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let (give, take) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            // The receiver is gone if the user interrupted; then the result is of no use.
            let _ = give.send(work());
        });
        self.wait(async move { take.await.unwrap_or_else(|_| Err(lost())) })
    }

    /// Lets a future run beside what comes next.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, Failure> {
        let mut threads = self.threads.borrow_mut();
        let threads = match &mut *threads {
            Some(threads) => threads,
            empty => {
                let fresh = Builder::new_multi_thread().enable_all().build();
                empty.insert(fresh.map_err(|error| Failure::of_io("start threads", &error))?)
            }
        };
        Ok(threads.spawn(work))
    }

    fn leave_behind(&self) {
        if let Some(threads) = self.threads.take() {
            threads.shutdown_background();
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // The end does not wait for what was left behind.
        self.leave_behind();
    }
}

/// The work panicked, which its thread has told already.
fn lost() -> Failure {
    Failure::world("the work ended without a result").hint("this is a mistake of ours: please report it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_goes_on_after_threads_were_left_behind() {
        let runtime = Runtime::start().expect("threads can be started");
        assert_eq!(runtime.wait(async { Ok(1) }).expect("nothing fails"), 1);
        runtime.leave_behind();
        assert_eq!(runtime.wait_blocking(|| Ok(2)).expect("nothing fails"), 2);
    }

    #[test]
    fn work_that_ends_without_a_result_is_a_failure() {
        let runtime = Runtime::start().expect("threads can be started");
        let (give, take) = tokio::sync::oneshot::channel::<()>();
        drop(give);
        let failed = runtime.wait(async move { take.await.map_err(|_| Failure::input("gone")) });
        assert!(failed.is_err());
    }
}
