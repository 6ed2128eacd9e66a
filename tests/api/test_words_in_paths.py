"""The description speaks Engage's words."""

from engage_portal.api.description import engage_words_in_paths


def test_path_parameters_have_engages_names():
    parameter = {"in": "path", "name": "assignment_id"}
    described = {
        "paths": {
            "/api/v3/promotion-assignments/{assignment_id}/redeem": {"post": {"parameters": [parameter]}}
        }
    }
    (path,) = engage_words_in_paths(described)["paths"]
    assert path == "/api/v3/promotion-assignments/{assignmentId}/redeem"
    assert parameter["name"] == "assignmentId"
