//! Waiting: the bridge from this crate's plain functions to the database's futures, with Ctrl-C as the way out.

use std::future::Future;

use crate::failure::Failure;

/// Runs futures and listens for Ctrl-C meanwhile.
#[derive(Debug)]
pub(crate) struct Runtime(tokio::runtime::Runtime);

impl Runtime {
    /// Starts the threads.
    pub(crate) fn start() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::of_io("start threads", &error))?;
        Ok(Self(runtime))
    }

    /// Waits for a future; Ctrl-C drops it, which cancels what it does.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.0.block_on(async {
            tokio::select! {
                biased;
                _ = tokio::signal::ctrl_c() => Err(Failure::interrupted()),
                result = work => result,
            }
        })
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
        self.wait(async move {
            take.await
                .unwrap_or_else(|_| Err(Failure::world("the work ended without a result: please report this")))
        })
    }

    /// A handle by which futures run beside what comes next.
    pub(crate) fn handle(&self) -> tokio::runtime::Handle {
        self.0.handle().clone()
    }
}
