"""Engage's XML files: the only package that imports lxml. No Django in here."""

from engage_portal.engage.xml.errors import BadNamesError, UnreadableExportError
from engage_portal.engage.xml.exports import Record, Survey, records, survey
from engage_portal.engage.xml.glimpse import GLIMPSE, Glimpse, glimpse
from engage_portal.engage.xml.names import DEFAULT_NAMES, ExportNames, Section, names_from
from engage_portal.engage.xml.promotions import (
    DEFAULT_PROMOTION_NAMES,
    PromotionNames,
    PromotionRecord,
    PromotionSurvey,
    Told,
    promotion_records,
    promotion_survey,
)

__all__ = [
    "DEFAULT_NAMES",
    "DEFAULT_PROMOTION_NAMES",
    "GLIMPSE",
    "BadNamesError",
    "ExportNames",
    "Glimpse",
    "PromotionNames",
    "PromotionRecord",
    "PromotionSurvey",
    "Record",
    "Section",
    "Survey",
    "Told",
    "UnreadableExportError",
    "glimpse",
    "names_from",
    "promotion_records",
    "promotion_survey",
    "records",
    "survey",
]
