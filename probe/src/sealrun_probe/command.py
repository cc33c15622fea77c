"""The command: it waits until the samplers watch it, and then runs as if the job had started it."""

import contextlib
import ctypes
import os
import resource
import signal

# Signals that CI runners and people send to a job. A terminal signals the whole group: not passed on.
FORWARDED = {
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
}
WATCHED = FORWARDED | {signal.SIGCHLD}
# <asm-generic/siginfo.h>: the kernel sent the signal, for example because of Ctrl-C.
SI_KERNEL = 0x80
# A shell's statuses for a command that it cannot run and one that it cannot find.
CANNOT_RUN, NOT_FOUND = 126, 127
# <linux/prctl.h>: under Yama, py-spy may read the command's memory although it is not its ancestor.
PR_SET_PTRACER = 0x59616D61
PR_SET_PTRACER_ANY = ctypes.c_ulong(-1)


class Command:
    """One process, forked but not yet started. Signals are blocked from here on, so make only one."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
        gate, self._gate = os.pipe()
        # exec closes it, like every file that Python opens: when it closes, the command has begun.
        self._begun, begins = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            self._become(gate)
        os.close(gate)
        os.close(begins)

    def release(self) -> None:
        """Let the command start; returns once it has taken the place of the probe's code."""
        os.write(self._gate, b"!")
        os.close(self._gate)
        os.read(self._begun, 1)
        os.close(self._begun)

    def wait(self) -> tuple[int, resource.struct_rusage]:
        """Pass signals on until the command ends; its wait status, and what it and its children used."""
        while True:
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid:
                return status, used
            came = signal.sigwaitinfo(WATCHED)
            if came.si_signo in FORWARDED and came.si_code != SI_KERNEL:
                os.kill(self.pid, came.si_signo)

    def _become(self, gate: int) -> None:
        """In the child: wait, restore the signal actions that Python changed, become the command."""
        status = CANNOT_RUN
        try:
            os.close(self._gate)
            if not os.read(gate, 1):
                os._exit(CANNOT_RUN)  # the probe was killed before anything began
            _allow_tracer()
            # Python ignores these two for itself: https://docs.python.org/3/library/signal.html
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            os.execvp(self._words[0], self._words)
        except OSError as error:
            status = NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_RUN
            os.write(2, f"sealrun-probe: {self._words[0]}: {error.strerror}\n".encode(errors="replace"))
        finally:
            os._exit(status)


def leave_as(status: int) -> int:
    """The exit status for this wait status; if a signal ended the command, end by the same signal."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return code
    number = -code
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # one core file is enough
    with contextlib.suppress(OSError):  # SIGKILL and SIGSTOP keep their action
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    return 128 + number  # a container's first process does not die by its own signal


def _allow_tracer() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)
