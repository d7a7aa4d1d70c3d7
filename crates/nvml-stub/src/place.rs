//! The library where a test loads it from.

use std::io;
use std::path::{Path, PathBuf};

use crate::Scenario;

/// A copy of the stub with a scenario of its own, in a folder of its own.
#[derive(Debug)]
pub struct Stub {
    library: PathBuf,
}

impl Stub {
    /// Puts a copy into `folder`, which is made, with the scenario `yaml`.
    ///
    /// # Errors
    ///
    /// When the scenario is wrong, or a file cannot be read or written.
    pub fn place(folder: &Path, yaml: &str) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let library = folder.join("libnvidia-ml.so.1");
        std::fs::copy(Self::built()?, &library)?;
        let stub = Self { library };
        stub.set(yaml)?;
        Ok(stub)
    }

    /// The library that cargo built, beside the running test or benchmark.
    fn built() -> io::Result<PathBuf> {
        let test = std::env::current_exe()?;
        let name = format!("{}concertina_nvml_stub.so", std::env::consts::DLL_PREFIX);
        let beside = test.ancestors().skip(1).take(2);
        let found = beside
            .flat_map(|folder| [folder.join(&name), folder.join("deps").join(&name)])
            .find(|path| path.exists());
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no {name}")))
    }

    /// The library's path.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// Changes the scenario, for the next collection.
    ///
    /// # Errors
    ///
    /// When the scenario is wrong or cannot be written.
    pub fn set(&self, yaml: &str) -> io::Result<()> {
        Scenario::parse(yaml).map_err(|reason| io::Error::other(format!("scenario: {reason}")))?;
        // Renamed, so that nobody reads half of it.
        let new = self.library.with_extension("new");
        std::fs::write(&new, yaml)?;
        std::fs::rename(new, self.library.with_extension("yaml"))
    }

    /// Takes `functions` away, as if the driver were too old to have them. Only before the library
    /// is loaded: their names are overwritten in the file's table of symbols.
    ///
    /// # Errors
    ///
    /// When there is no such function, or the file cannot be written.
    pub fn hide(&self, functions: &[&str]) -> io::Result<()> {
        let mut bytes = std::fs::read(&self.library)?;
        for function in functions {
            let name = [b"\0", function.as_bytes(), b"\0"].concat();
            let places: Vec<usize> = memchr::memmem::find_iter(&bytes, &name).collect();
            if places.is_empty() {
                return Err(io::Error::other(format!("the stub has no {function}")));
            }
            for place in places {
                // `nvml…` becomes `xvml…`, of which no hash table knows.
                if let Some(first) = bytes.get_mut(place + 1) {
                    *first = b'x';
                }
            }
        }
        std::fs::write(&self.library, bytes)
    }
}
