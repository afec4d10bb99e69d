"""What went wrong is one sentence, with what to do next where that is not plain."""

import json

from kubernetes.client.exceptions import ApiException

from k8slab.client import sentence


def _refused(**status: object) -> ApiException:
    error = ApiException(status=409, reason="Conflict")
    error.body = json.dumps({"kind": "Status", "code": 409, "reason": "Conflict", **status})
    return error


def test_a_conflict_of_managers_says_what_one_can_do() -> None:
    causes = [{"reason": "FieldManagerConflict", "field": ".spec.replicas", "message": 'conflict with "kubectl"'}]
    said = sentence(
        _refused(message='Apply failed with 1 conflict: conflict with "kubectl": .spec.replicas', details={"causes": causes})
    )
    assert said.startswith("The API server answered 409 Conflict: Apply failed with 1 conflict")
    assert said.endswith("Leave it out of what you apply, or take it over with force=True.")


def test_another_conflict_is_told_in_the_words_of_the_api_server_alone() -> None:
    said = sentence(_refused(message="the object has been modified", details={"name": "web"}))
    assert said == "The API server answered 409 Conflict: the object has been modified"
