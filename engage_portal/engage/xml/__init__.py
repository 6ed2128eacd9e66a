"""Engage's XML files: the only package that imports lxml. No Django in here."""

from engage_portal.engage.xml.content import (
    MOST_LINES,
    AnyRecord,
    ContactRecord,
    FileType,
    RedemptionRecord,
    Written,
    lines_of,
)
from engage_portal.engage.xml.errors import (
    BadNamesError,
    InvalidRecordError,
    NoRecordsError,
    UnfitRecordsError,
    UnreadableExportError,
    UnusableTransformationError,
)
from engage_portal.engage.xml.exports import Record, Survey, records, survey
from engage_portal.engage.xml.glimpse import GLIMPSE, Glimpse, glimpse
from engage_portal.engage.xml.imports import (
    carries,
    check_file,
    file_name,
    transformed,
    untransformable,
    write_file,
)
from engage_portal.engage.xml.names import DEFAULT_NAMES, ExportNames, Section
from engage_portal.engage.xml.profile import DEFAULT_PROFILE, ImportProfile, TenantProfile
from engage_portal.engage.xml.profile_file import profile_from
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
    "DEFAULT_PROFILE",
    "DEFAULT_PROMOTION_NAMES",
    "GLIMPSE",
    "MOST_LINES",
    "AnyRecord",
    "BadNamesError",
    "ContactRecord",
    "ExportNames",
    "FileType",
    "Glimpse",
    "ImportProfile",
    "InvalidRecordError",
    "NoRecordsError",
    "PromotionNames",
    "PromotionRecord",
    "PromotionSurvey",
    "Record",
    "RedemptionRecord",
    "Section",
    "Survey",
    "TenantProfile",
    "Told",
    "UnfitRecordsError",
    "UnreadableExportError",
    "UnusableTransformationError",
    "Written",
    "carries",
    "check_file",
    "file_name",
    "glimpse",
    "lines_of",
    "profile_from",
    "promotion_records",
    "promotion_survey",
    "records",
    "survey",
    "transformed",
    "untransformable",
    "write_file",
]
