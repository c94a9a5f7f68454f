"""SpiffWorkflow as a second opinion: runs an exported BPMN document step by step, as a driver runs our engine.

Its own evaluator is Python's ``eval``; here it only ever sees our expressions. What is a step for us stops it as well,
so that the two can be compared after every move. Time passes by moving the moment of a timer into the past.
"""

from collections.abc import Mapping
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.specs.defaults import EndEvent, IntermediateCatchEvent, ManualTask
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from madoguchi.ground.expressions import Expression
from madoguchi.procedures.rules.bpmn import outcome_variable
from madoguchi.procedures.rules.engine import ENDED_COMPLETED, ENDED_WITHDRAWN

SCHEMA = etree.XMLSchema(etree.parse(XSD_PATH))
"""The OMG's schema of BPMN 2.0."""

_LONG_AGO = "2000-01-01T00:00:00+00:00"
_NOT_YET = "9999-12-31T00:00:00+00:00"


class OurExpressions(PythonScriptEngine):  # type: ignore[misc]
    """Conditions in the catalogue's language over a scope of ours; scripts and services do not exist."""

    def __init__(self) -> None:
        super().__init__()
        self.scope: dict[str, Any] = {}

    def validate(self, expression: str) -> None:
        Expression.parse(expression)

    def evaluate(self, task: Task, expression: str, external_context: Mapping[str, Any] | None = None) -> Any:
        if expression.startswith("P") and expression.endswith("D"):
            return expression  # a duration of ISO 8601 stands for itself
        if isinstance(task.task_spec, IntermediateCatchEvent):
            return _NOT_YET  # the moment of a timer, which only ``_let_pass`` moves
        return Expression.parse(expression).holds(self.scope)

    def execute(self, task: Task, script: str, external_context: Mapping[str, Any] | None = None) -> bool:
        raise AssertionError("our documents hold no scripts")

    def call_service(self, task: Task, **kwargs: Any) -> Any:
        raise AssertionError("our documents call no services")


class Parser(BpmnParser):  # type: ignore[misc]
    """Every task stops, whatever does it."""

    OVERRIDE_PARSER_CLASSES = {
        full_tag(tag): (TaskParser, ManualTask)
        for tag in ("userTask", "manualTask", "serviceTask", "businessRuleTask", "sendTask", "receiveTask")
    }


class Run:
    """One case on an exported document."""

    def __init__(self, document: bytes, scope: Mapping[str, Any]) -> None:
        parser = Parser()
        parser.add_bpmn_xml(etree.fromstring(document))
        (process,) = (id_ for id_ in parser.get_process_ids() if id_.startswith("process_"))
        self.expressions = OurExpressions()
        self.outcomes: dict[str, str] = {}
        self._see(scope)
        self.workflow = BpmnWorkflow(
            parser.get_spec(process), parser.get_subprocess_specs(process), script_engine=self.expressions
        )
        self.workflow.do_engine_steps()

    def _see(self, scope: Mapping[str, Any]) -> None:
        self.expressions.scope = {**scope, **self.outcomes}

    def _tasks(self) -> dict[str, Task]:
        """The steps at which tokens stand."""
        found = {task.task_spec.name: task for task in self.workflow.get_tasks(state=TaskState.READY)}
        for task in self.workflow.get_tasks(state=TaskState.WAITING, spec_class=IntermediateCatchEvent):
            found[task.task_spec.name] = task
        return found

    @property
    def steps(self) -> list[str]:
        return sorted(self._tasks())

    @property
    def ended(self) -> str | None:
        if not self.workflow.completed:
            return None
        ends = self.workflow.get_tasks(state=TaskState.COMPLETED, spec_class=EndEvent)
        names = {task.task_spec.name for task in ends}
        return ENDED_WITHDRAWN if any("withdrawal" in name or "lapsed" in name for name in names) else ENDED_COMPLETED

    @property
    def may_withdraw(self) -> bool:
        return any(task.task_spec.name == "withdrawal" for task in self.workflow.get_tasks(state=TaskState.WAITING))

    def complete(self, step: str, outcome: str, scope: Mapping[str, Any]) -> None:
        self.outcomes[outcome_variable(step)] = outcome
        self._see(scope)
        task = self._tasks()[step]
        if task.state == TaskState.WAITING:
            self._let_pass(task)
        else:
            task.run()
        self.workflow.do_engine_steps()

    def expire(self, step: str, scope: Mapping[str, Any]) -> None:
        """The deadline of the step is over."""
        self._see(scope)
        (task,) = self.workflow.get_tasks(state=TaskState.WAITING, spec_name=f"{step}_deadline")
        self._let_pass(task)
        self.workflow.do_engine_steps()

    def _let_pass(self, task: Task) -> None:
        task._set_internal_data(event_value=_LONG_AGO)
        self.workflow.refresh_timers()

    def withdraw(self, message: str = "取下げ") -> None:
        self.workflow.send_event(BpmnEvent(MessageEventDefinition(message)))
        self.workflow.do_engine_steps()
