"""Writes packaging-answers.jsonl: what PyPA's `packaging` says of versions, specifiers, requirements and markers.

python -m venv v && v/bin/pip install packaging && v/bin/python packaging-answers.py > packaging-answers.jsonl
"""

import json
import random

import packaging
from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

random.seed(7)
pre = [
    "",
    "a1",
    "b2",
    "rc1",
    "rc",
    ".a.1",
    "-beta_3",
    "alpha",
    "c1",
    "pre2",
    "-preview",
    ".rc.2",
]
post = ["", ".post1", "-1", "post", ".r2", "-rev3", ".post0"]
dev = ["", ".dev0", "dev", "-dev3", "_dev1"]
loc = ["", "+abc", "+1", "+1.2", "+ubuntu-1", "+abc.1", "+ABC_2", "+01"]
ep = ["", "1!", "0!"]
rel = ["1", "1.0", "1.0.0", "1.2", "0.9", "2", "10.1", "01.2", "1.2.3.4", "2024.1.1"]


def ver():
    return (
        ("v" if random.random() < 0.05 else "")
        + random.choice(ep if random.random() < 0.2 else [""])
        + random.choice(rel)
        + (random.choice(pre) if random.random() < 0.4 else "")
        + (random.choice(post) if random.random() < 0.3 else "")
        + (random.choice(dev) if random.random() < 0.25 else "")
        + (random.choice(loc) if random.random() < 0.25 else "")
    )


odd = [
    "",
    "1.",
    "a",
    "1..2",
    "1-",
    "1.0+",
    "1.0+a..b",
    "1.0 .1",
    "1!",
    "!1",
    "1.0a",
    "1.0-a1-1",
    "1.0.x",
    "==1",
    "1_0",
    "1.0--1",
    "1.0a1b2",
    "1.0.dev",
    "1.0+-a",
    "١.٢",
    " 1.0 ",
    "1.0\n",
    "1.0rc1.dev2.post1",
    "1.0post",
    "1.0.post1.dev",
    "1.0.preview",
    "1e5",
    "0",
    "00",
    "1.*",
    "1.0.*",
]
vs = [ver() for _ in range(90)] + odd


def canon(v):
    try:
        return str(Version(v))
    except InvalidVersion:
        return None


out = {"packaging": packaging.__version__, "versions": [[v, canon(v)] for v in vs]}
# Blanks around a version are ours to take off, before we ask.
good = [v for v in vs if canon(v) and v == v.strip()]
cmp = []
for _ in range(400):
    a, b = random.choice(good), random.choice(good)
    A, B = Version(a), Version(b)
    cmp.append([a, b, (A > B) - (A < B)])
out["compare"] = cmp
ops = ["==", "!=", "<=", ">=", "<", ">", "~=", "==="]
specs = []


def spec1():
    op = random.choice(ops)
    v = random.choice(good)
    if op in ("==", "!=") and random.random() < 0.4:
        v = random.choice(rel + ["1.0a1", "1.0.post1", "1!2"]) + ".*"
    return op + random.choice(["", " "]) + v


bad = [
    "1.0",
    "=1.0",
    "=>1",
    "~1.0",
    "^1.0",
    "~=1",
    "~=1.0.*",
    ">=1.0.*",
    "==1.*.1",
    "==1.0+a.*",
    ">=1.0+a",
    "~=1.0+a",
    "<1+a",
    ">1+a",
    "==1.0,",
    " ",
    "",
    "==",
    "== 1 0",
    "!=1.0.dev0.*",
    "==1.0.dev1.*",
    ">=1.0 <2",
    "===foo bar",
    "===1.0+x,<2",
    "==v1",
    ">= v1.0",
    "~=1!1.0",
    "==1.0;",
    "~=1.0a1",
    "~=1.post1",
    "~=2.2.0",
    "~=1.4.5a4",
    "===weird",
    "!=1.*,>0",
]
for s in (
    [spec1() for _ in range(140)] + [spec1() + "," + spec1() for _ in range(40)] + bad
):
    try:
        S = SpecifierSet(s)
    except InvalidSpecifier:
        specs.append([s, None])
        continue
    m = []
    for v in random.sample(good, 6) + [
        "1.0",
        "1.0rc1",
        "1.0.post1",
        "1.0.dev1",
        "1.0+abc",
        "2",
        "1.2.3",
    ]:
        m.append(
            [
                v,
                S.contains(
                    Version(v) if not s.startswith("===") else v, prereleases=True
                ),
            ]
        )
    specs.append([s, m])
out["specifiers"] = specs
reqs = [
    "numpy",
    "numpy ",
    "numpy==1.0",
    "numpy == 1.0",
    "numpy(==1.0)",
    "numpy (>=1,<2)",
    "numpy[a]",
    "numpy[a,b]>=1",
    "numpy[a, b ]",
    "numpy[]",
    "numpy[a,]",
    "numpy[,a]",
    "numpy[a",
    'numpy>=1;python_version<"3"',
    'numpy ; python_version < "3"',
    "numpy;",
    "numpy==1.0 ; ",
    "n",
    "1abc",
    "-abc",
    "abc-",
    "a.b_c-d",
    "a b",
    "a@b",
    "a @ https://x/y.whl",
    "a@https://x/y.whl",
    'a @ https://x/y.whl ; os_name=="nt"',
    'a @ https://x/y.whl; os_name=="nt"',
    'a @ https://x/y.whl;os_name=="nt"',
    "a[b] @ https://x/y",
    "a @",
    "a @ ",
    "a@ git+https://x/y@main#egg=a",
    "a>=1,",
    "a>=1,,<2",
    "a>=1<2",
    "a~=1",
    "a=1",
    "a>=1.0.*",
    "a==1.*",
    'a<2,>1;extra=="x"',
    "A_b.C",
    "ü",
    "a>=1 # c",
    "a[b-c]==1",
    "a[b.c]",
    "a[-b]",
    'a==1 ; python_version in "3.8 3.9"',
    'a==1;(os_name=="nt" or x)',
    'a ; foo=="b"',
    "a===weird",
    "a===we ird",
    "(a)",
    "a()",
    "a(",
    "a(>=1",
    "a>=1)",
    "a>1 ; python_version",
    "a >=1 , <2",
    "a  >=  1",
    "a\t>=1",
    "a@file:///x/y",
    "a @ ./x",
    "a @ file:x.whl",
    "a @ https://x/a b",
    'a>=1;python_version>"3" and os_name=="posix"',
]
out["requirements"] = []
for r in reqs:
    try:
        R = Requirement(r)
        out["requirements"].append(
            [
                r,
                {
                    "name": R.name,
                    "extras": sorted(R.extras),
                    "specs": sorted(str(s) for s in R.specifier),
                    "url": R.url,
                    "marker": str(R.marker) if R.marker else None,
                },
            ]
        )
    except InvalidRequirement:
        out["requirements"].append([r, None])
ms = [
    'python_version<"3"',
    'python_version < "3" and os_name=="nt"',
    '(python_version < "3")',
    '((os_name=="a") or (os_name=="b")) and extra=="x"',
    '"3.8" in python_version',
    'python_version in "3.8 3.9"',
    'python_version not in "3"',
    'python_version not  in "3"',
    'python_version notin "3"',
    "os_name",
    "os_name==",
    '=="a"',
    'os_name=="a" and',
    'and os_name=="a"',
    'os_name=="a" os_name=="b"',
    'os_name=="a" && os_name=="b"',
    'foo=="b"',
    "os_name=='it\"s'",
    'os_name=="it\'s"',
    'os_name=="a',
    "os_name='a'",
    'os_name=="a")',
    '(os_name=="a"',
    "()",
    "",
    'os.name=="nt"',
    'sys.platform=="linux"',
    'platform.machine=="x"',
    '"a"=="b"',
    "os_name==sys_platform",
    'os_name=="a" AND os_name=="b"',
    'OS_NAME=="a"',
    'python_version~="3.8"',
    'python_version==="3.8"',
    'platform_python_implementation=="CPython"',
    'python_implementation=="CPython"',
    'implementation_version>"3"',
    'os_name=="a"or os_name=="b"',
    'os_name=="a"and(os_name=="b")',
    '"x" in extras',
    'extra == "a-b"',
    "python_version >= 3",
    'python_version >= "3.8" # c',
    'python_version=>"3"',
    'not os_name=="a"',
    'os_name is "a"',
    'os_name=="ü"',
    'os_name=="a;b"',
    'python_version>="3.8"and python_version<"4"',
    'os_name == "a" or (os_name == "b" and (extra=="c" or extra=="d"))',
]


def okm(m):
    try:
        Marker(m)
        return True
    except InvalidMarker:
        return False


out["markers"] = [[m, okm(m)] for m in ms]
print(json.dumps(["packaging", out.pop("packaging")]))
for kind, rows in out.items():
    for row in rows:
        print(json.dumps([kind, *row], ensure_ascii=False))
