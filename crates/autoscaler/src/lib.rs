//! The reconcile loop: observe, decide, scale, report.
