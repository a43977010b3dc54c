"""The addresses below a sweep's page: of its forms, and of the data that its charts are drawn from."""

from __future__ import annotations


def state_url(page: str) -> str:
    """Where the form is sent that pauses, resumes, stops or cancels."""
    return f"{page}/state"


def confirm_url(page: str, what: str) -> str:
    """The page that asks whether to stop, or to cancel."""
    return f"{page}/{what}"


def edit_url(page: str) -> str:
    """The page with the sweep file to edit, and where it is sent."""
    return f"{page}/edit"


def readmit_url(page: str) -> str:
    """Where the form is sent that lets a host have runs again."""
    return f"{page}/readmit"


def points_url(page: str) -> str:
    """What the runs have in the columns of charts."""
    return f"{page}/points.json"


def results_url(page: str) -> str:
    """How the best result came about."""
    return f"{page}/results.json"


def sheet_url(page: str, form: str) -> str:
    """The page as one document: html, pdf or png."""
    return f"{page}/sheet.{form}"


def bands_url(page: str) -> str:
    """Where the runs stand by early termination."""
    return f"{page}/bands.json"
