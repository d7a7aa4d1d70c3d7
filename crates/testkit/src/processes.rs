//! The files that name a process' pod: `proc` as the kernel has it, and the log files of a kubelet.

use std::io;
use std::path::Path;

/// Writes the files of the process `pid` below `root`: `proc/PID/cgroup`, and in `log` what names
/// its container, `namespace/pod/container`. `None` is a process of the node's own.
///
/// # Errors
///
/// When a file cannot be written.
pub fn place(root: &Path, pid: u32, container: Option<[&str; 3]>) -> io::Result<()> {
    let write = |path: String, text: &str| {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)
    };
    let cgroup = format!("proc/{pid}/cgroup");
    let Some([namespace, pod, name]) = container else {
        return write(cgroup, "0::/system.slice/nvidia-persistenced.service\n");
    };
    let uid = format!("{pid:08}-0000-4000-8000-000000000000");
    let id = format!("{pid:064}");
    let slice = format!("kubepods-pod{}.slice", uid.replace('-', "_"));
    write(
        cgroup,
        &format!("0::/kubepods.slice/{slice}/cri-containerd-{id}.scope\n"),
    )?;
    write(
        format!("log/containers/{pod}_{namespace}_{name}-{id}.log"),
        "",
    )?;
    write(format!("log/pods/{namespace}_{pod}_{uid}/{name}/0.log"), "")
}
