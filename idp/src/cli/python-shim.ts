/** How a file of ours begins. */
export const mark = '# Written by `postern env --python`.'

/**
 * A sitecustomize.py that points the Agent Identity SDK, which reads no variable for its host, at an identity provider.
 * Python runs it at its start; nothing is imported before a program does so itself. Another sitecustomize that it
 * stands before is run as well.
 */
export function sitecustomize(idp: URL): string {
  return `${mark} It holds no secret.
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys

HOST = ${JSON.stringify(idp.host)}
SCHEME = ${JSON.stringify(idp.protocol.slice(0, -1))}
MODULE = "volcenginesdkcore.configuration"


def point(module):
    before = module.Configuration.__init__

    def __init__(self, *args, **kwargs):
        before(self, *args, **kwargs)
        self.host = HOST
        # Releases differ in how they spell it.
        self.scheme = SCHEME
        self.schema = SCHEME
        if SCHEME == "https" and os.environ.get("REQUESTS_CA_BUNDLE"):
            self.ssl_ca_cert = os.environ["REQUESTS_CA_BUNDLE"]

    module.Configuration.__init__ = __init__


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        run = spec.loader.exec_module

        def exec_module(module):
            run(module)
            point(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder())

here = os.path.dirname(os.path.abspath(__file__))
others = [path for path in sys.path if os.path.abspath(path or ".") != here]
other = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
if other is not None and other.loader is not None:
    other.loader.exec_module(importlib.util.module_from_spec(other))
`
}
