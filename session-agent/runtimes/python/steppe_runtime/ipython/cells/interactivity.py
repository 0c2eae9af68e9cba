"""Which values of a cell are shown: `InteractiveShell.ast_node_interactivity`."""

from __future__ import annotations

import ast
import sys

from .cell_syntax import SHELL

MODULE = "IPython.core.interactiveshell"


def chosen() -> str:
    shell = getattr(sys.modules.get(MODULE), "InteractiveShell", None)
    # IPython's own class has a description of the setting there until a cell replaces it.
    mode = vars(shell).get("ast_node_interactivity") if isinstance(shell, type) else None
    return mode if isinstance(mode, str) else "last_expr"


def choose_values(
    tree: ast.Module, last: ast.Expression | None
) -> tuple[ast.Module, ast.Expression | None]:
    """Changes what `split_last_value` has returned."""
    mode = chosen()
    if mode == "none" and last is not None:
        tree.body.append(ast.copy_location(ast.Expr(last.body), last.body))
        return tree, None
    if mode == "all":
        tree.body[:] = [_shown(node) if isinstance(node, ast.Expr) else node for node in tree.body]
    if mode == "last_expr_or_assign" and last is None and tree.body:
        return tree, _assigned(tree.body[-1])
    return tree, last


def _shown(node: ast.Expr) -> ast.Expr:
    show = ast.Attribute(ast.Name(SHELL, ast.Load()), "show_value", ast.Load())
    call = ast.copy_location(ast.Call(show, [node.value], []), node)
    return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), node))


def _assigned(node: ast.stmt) -> ast.Expression | None:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    is_assignment = isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign))
    if not is_assignment or not isinstance(targets[0], ast.Name):
        return None
    return ast.Expression(ast.copy_location(ast.Name(targets[0].id, ast.Load()), node))


class InteractiveShell:
    """The class of that name in a worker without IPython: it has this one setting."""

    ast_node_interactivity = "last_expr"

    @classmethod
    def instance(cls):
        import builtins

        return builtins.get_ipython()

    @classmethod
    def initialized(cls) -> bool:
        return True
