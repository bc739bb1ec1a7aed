"""Statistical tests of experiments and their parts: numbers in, evidence out.

Tests: `e_process_of_batch_means` (the default), `certificate` (e-process of bounded scores), `sharpe_difference`
(sequential, of two Sharpe ratios), `group_sequential` (a few planned looks, with `score_density`), `fixed_horizon`
(one look), `e_detector` (change detection after a promotion). Parts: `batches`, `dependence`, `futility`,
`multiplicity`, `resampling`, `drawdowns`.
"""
