"""The style sheet of a theme. Sizes are in pixels that Qt scales with the screen; fonts are the system's."""

from __future__ import annotations

from .colours import Colours


def sheet(c: Colours, arrows: str) -> str:
    """`arrows` is the folder that holds the pictures of `theme.write_arrows`, which a style sheet wants as files."""
    return f"""
* {{ outline: 0; }}
QWidget {{ color: {c.text}; selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
QMainWindow, QDialog, #ground {{ background: {c.ground}; }}
QToolTip {{ background: {c.raised}; color: {c.bright}; border: 1px solid {c.edge}; padding: 4px 6px; }}
QLabel {{ background: transparent; }}
QLabel[role="title"] {{ color: {c.bright}; font-weight: 600; }}
QLabel[role="dim"] {{ color: {c.dim}; }}
QLabel[role="bad"] {{ color: {c.missed}; }}
QLabel[role="good"] {{ color: {c.landed}; }}
QLabel[role="accent"] {{ color: {c.accent_ink}; font-weight: 600; }}
#panel, QScrollArea[role="panel"], QScrollArea[role="panel"] > QWidget > QWidget {{ background: {c.panel}; }}
#panel {{ border-radius: 6px; }}
#line {{ background: {c.line}; }}
QPushButton, QToolButton {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line}; border-radius: 5px;
    padding: 4px 10px; min-height: 18px; }}
QPushButton[listed="true"] {{ text-align: left; }}
QToolButton {{ padding: 4px; }}
QToolButton[worded="true"] {{ padding: 4px 9px 4px 6px; }}
QToolButton[popupMode="1"] {{ padding-right: 18px; }}
QToolButton::menu-button {{ border: 0; border-left: 1px solid {c.line}; width: 15px; }}
QToolButton::menu-arrow {{ image: url({arrows}/down.png); width: 11px; height: 11px; }}
QToolButton::menu-indicator {{ image: none; }}
QPushButton:hover, QToolButton:hover {{ background: {c.hover}; color: {c.bright}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {c.well}; }}
QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QAbstractSpinBox:focus, QPlainTextEdit:focus,
QListView:focus, QSlider:focus, QTreeView:focus {{ border: 1px solid {c.focus}; }}
QPushButton:checked, QToolButton:checked {{ background: {c.chosen}; color: {c.bright}; border-color: {c.accent}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {c.edge}; background: {c.panel}; }}
QToolButton[flat="true"] {{ background: transparent; border-color: transparent; }}
QToolButton[flat="true"]:hover {{ background: {c.hover}; }}
QToolButton[flat="true"]:focus {{ border-color: {c.focus}; }}
QToolButton[flat="true"]:checked {{ background: {c.chosen}; border-color: {c.accent}; }}
[primary="true"] {{ background: {c.accent}; color: {c.on_accent}; border-color: {c.accent}; font-weight: 600; }}
[primary="true"]:hover {{ background: {c.accent_hover}; color: {c.on_accent}; }}
[primary="true"]:focus {{ border: 2px solid {c.focus}; }}
[primary="true"]:disabled {{ background: {c.raised}; color: {c.edge}; border-color: {c.line}; }}
QToolButton[primary="true"]::menu-button {{ border-left: 1px solid {c.on_accent}; }}
QToolButton[primary="true"]:disabled::menu-button {{ border-left: 1px solid {c.line}; }}
QToolButton[primary="true"]::menu-arrow {{ image: url({arrows}/down_on_accent.png); }}
QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit {{ background: {c.well}; color: {c.text};
    border: 1px solid {c.edge}; border-radius: 4px; padding: 3px 6px; min-height: 18px; }}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled, QPlainTextEdit:disabled {{ color: {c.dim};
    background: {c.panel}; border-color: {c.line}; }}
QAbstractSpinBox {{ padding: 3px 2px 3px 4px; }}
QAbstractSpinBox QLineEdit {{ border: 0; padding: 0 2px; background: transparent; min-height: 0; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 15px; border: 0; background: transparent; }}
QAbstractSpinBox::up-button:hover, QAbstractSpinBox::down-button:hover {{ background: {c.hover}; }}
QAbstractSpinBox::up-arrow {{ image: url({arrows}/up.png); width: 9px; height: 9px; }}
QAbstractSpinBox::down-arrow {{ image: url({arrows}/down.png); width: 9px; height: 9px; }}
QComboBox::drop-down {{ border: 0; width: 18px; }}
QComboBox::down-arrow {{ image: url({arrows}/down.png); width: 11px; height: 11px; }}
QComboBox QAbstractItemView, QMenu {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.edge};
    selection-background-color: {c.accent}; selection-color: {c.on_accent}; padding: 2px; }}
QMenu::item {{ padding: 5px 22px 5px 10px; border-radius: 3px; }}
QMenu::item:selected {{ background: {c.accent}; color: {c.on_accent}; }}
QMenu::item:disabled {{ color: {c.edge}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 6px; }}
QCheckBox {{ spacing: 7px; background: transparent; padding: 2px; border: 1px solid transparent; border-radius: 4px; }}
QCheckBox:focus {{ border-color: {c.focus}; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {c.edge}; border-radius: 3px; background: {c.well}; }}
QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent}; image: url({arrows}/tick.png); }}
QCheckBox:disabled {{ color: {c.edge}; }}
QRadioButton {{ spacing: 7px; background: transparent; padding: 2px; border: 1px solid transparent; border-radius: 4px; }}
QRadioButton:focus {{ border-color: {c.focus}; }}
QRadioButton::indicator {{ width: 12px; height: 12px; border: 1px solid {c.edge}; border-radius: 7px; background: {c.well}; }}
QRadioButton::indicator:checked {{ width: 6px; height: 6px; border: 4px solid {c.accent}; background: {c.on_accent}; }}
QSlider {{ border: 1px solid transparent; border-radius: 4px; background: transparent; min-height: 20px; }}
QSlider::groove:horizontal {{ height: 4px; background: {c.line}; border-radius: 2px; margin: 0 7px; }}
QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 2px; margin: 0 0 0 7px; height: 4px; }}
QSlider::handle:horizontal {{ background: {c.bright}; width: 12px; height: 12px; margin: -4px -7px; border-radius: 6px; }}
QSlider::sub-page:horizontal:disabled {{ background: {c.edge}; }}
QSlider::handle:horizontal:disabled {{ background: {c.edge}; }}
QTabWidget::pane {{ border: 0; background: {c.panel}; border-radius: 6px; }}
QTabBar {{ background: transparent; }}
QTabBar::tab {{ background: transparent; color: {c.dim}; padding: 6px 10px; border: 1px solid transparent;
    border-bottom: 2px solid transparent; }}
QTabBar::tab:hover {{ color: {c.bright}; }}
QTabBar::tab:selected {{ color: {c.bright}; border-bottom: 2px solid {c.accent}; }}
QTabBar::tab:focus {{ border: 1px solid {c.focus}; border-radius: 3px; }}
QTabBar[slim="true"]::tab {{ padding: 6px 6px; }}
QScrollArea {{ border: 0; background: transparent; }}
QScrollBar:horizontal {{ height: 11px; background: transparent; margin: 0; }}
QScrollBar:vertical {{ width: 11px; background: transparent; margin: 0; }}
QScrollBar::handle {{ background: {c.edge}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:disabled {{ background: transparent; }}
QScrollBar::handle:hover {{ background: {c.dim}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QListView, QTreeView {{ background: {c.well}; border: 1px solid {c.line}; border-radius: 4px; }}
QListView::item, QTreeView::item {{ padding: 3px; }}
QListView::item:selected, QTreeView::item:selected {{ background: {c.chosen}; color: {c.bright}; }}
QHeaderView::section {{ background: {c.panel}; color: {c.dim}; border: 0; padding: 4px; }}
QProgressBar {{ background: {c.line}; border: 0; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 2px; }}
QSplitter::handle {{ background: transparent; }}
QSplitter::handle:hover {{ background: {c.line}; }}
QGroupBox {{ border: 0; margin-top: 20px; font-weight: 600; color: {c.bright}; }}
QGroupBox::title {{ subcontrol-origin: margin; left: 0; }}
#card {{ background: {c.well}; border: 1px solid {c.line}; border-radius: 6px; }}
#card[chosen="true"] {{ background: {c.chosen}; border: 1px solid {c.accent}; }}
#card:focus {{ border: 1px solid {c.focus}; }}
#message {{ background: {c.raised}; border: 1px solid {c.line}; border-left: 4px solid {c.edge}; border-radius: 4px; }}
#message[kind="warning"] {{ border-left-color: {c.near}; }}
#message[kind="error"] {{ border-left-color: {c.missed}; }}
#picture {{ background: #08080a; border-radius: 6px; }}
"""
