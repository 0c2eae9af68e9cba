"""What `get_ipython().run_cell()` returns, and `post_run_cell` functions receive."""

from __future__ import annotations


class ExecutionInfo:
    def __init__(self, raw_cell: str, store_history: bool = False, silent: bool = False):
        self.raw_cell = raw_cell
        self.transformed_cell = raw_cell
        self.store_history = store_history
        self.silent = silent
        self.shell_futures = True
        self.cell_id = None


class ExecutionResult:
    def __init__(
        self,
        info: ExecutionInfo,
        execution_count: int | None,
        result=None,
        error: BaseException | None = None,
    ):
        self.info = info
        self.execution_count = execution_count
        self.result = result
        is_syntax = isinstance(error, SyntaxError)
        self.error_before_exec = error if is_syntax else None
        self.error_in_exec = None if is_syntax else error

    @property
    def success(self) -> bool:
        return self.error_before_exec is None and self.error_in_exec is None

    def raise_error(self) -> None:
        error = self.error_before_exec or self.error_in_exec
        if error is not None:
            raise error

    def __repr__(self) -> str:
        return f"<ExecutionResult success={self.success} result={self.result!r}>"
