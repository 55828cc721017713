# Cells of a notebook, each after a line "# %%".

# %%
import io, json, sys, time
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import (HTML, SVG, Image, JSON, Javascript, Latex, Markdown, Math, clear_output, display,
                             update_display)

# %%
rng = np.random.default_rng(1)
sales = pd.DataFrame({
    'month': pd.date_range('2026-01-01', periods=12, freq='MS'),
    'shop': ['north', 'south', 'east'] * 4,
    'units': rng.integers(10, 100, 12),
    'price': rng.normal(20, 3, 12).round(2),
})
sales

# %%
sales.head(3)

# %%
sales.dtypes

# %%
sales.describe()

# %%
sales.info()

# %%
sales['revenue'] = sales.units * sales.price
sales.groupby('shop')[['units', 'revenue']].agg(['sum', 'mean']).round(1)

# %%
sales.pivot_table(index='shop', columns=sales.month.dt.quarter, values='revenue', aggfunc='sum').fillna(0)

# %%
print(sales.to_string())

# %%
sales.set_index('month').revenue.plot(title='revenue');

# %%
fig, axes = plt.subplots(1, 2, figsize=(6, 2))
axes[0].hist(sales.units, bins=5)
axes[1].scatter(sales.units, sales.price)
fig.suptitle('two')

# %%
for shop, group in sales.groupby('shop'):
    print(shop)
    group.plot(x='month', y='units', title=shop, figsize=(3, 2))
    plt.show()
print('done')

# %%
fig = plt.figure(figsize=(2, 1))
plt.plot([1, 2])
plt.close(fig)
fig

# %%
x = np.linspace(0, 10, 50)
plt.figure(figsize=(3, 2))
plt.plot(x, np.sin(x), label='sin')
plt.legend()
raise ValueError('with a figure behind it')

# %%
sales['no such column']

# %%
1/0

# %%
print('before')
def outer():
    return inner()
def inner():
    print('to stderr', file=sys.stderr)
    return {}['key']
outer()

# %%
if True print('syntax')

# %%
raise SystemExit('enough')

# %%
try:
    [][0]
except IndexError:
    get_ipython().showtraceback()
print('and on')

# %%
for i in range(5):
    print(f'\rprogress {i * 25:3d} %', end='')
    sys.stdout.flush()
print()
print('a\r\nb\rc\n\rd\r', end='')

# %%
for i in range(11):
    sys.stderr.write('\r' + '#' * i + '.' * (10 - i) + f' {i}/10')
    sys.stderr.flush()
sys.stderr.write('\n')
'finished'

# %%
print('out 1', flush=True)
print('err 1', file=sys.stderr, flush=True)
print('out 2', flush=True)
print('err 2', file=sys.stderr, flush=True)

# %%
print('first to stderr', file=sys.stderr, flush=True)
print('then to stdout', flush=True)

# %%
print('one')
display('between')
print('two')
display(sales.shop.unique())
print('three', file=sys.stderr)

# %%
for i in range(4):
    clear_output(wait=True)
    print('frame', i)
    display(HTML(f'<b>{i}</b>'))

# %%
print('gone')
display('gone too')
clear_output()
print('left')

# %%
print('stays')
clear_output(wait=True)

# %%
print('gone, by an error')
clear_output(wait=True)
raise RuntimeError('clears')

# %%
handle = display('before', display_id='mine')
handle.update('after')
print('beside it')

# %%
display(Markdown('waiting'), display_id='status')
display('not touched')

# %%
update_display(Markdown('**done** by another cell'), display_id='status')
print('updated')

# %%
display('again', display_id='mine')
display('and again', display_id='mine')
handle.update({'all': 'three'})

# %%
display('cleared', display_id='cleared')
clear_output()
update_display('not there', display_id='cleared')
display('kept')

# %%
update_display('never shown', display_id='nobody')

# %%
figure = display(display_id='figure')
for n in (3, 30):
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot(np.cos(np.linspace(0, 6, n)))
    plt.close(fig)
    if n == 3:
        figure = display(fig, display_id='plot')
    else:
        figure.update(fig)

# %%
display(HTML('<i>é</i> &amp; 漢字'), metadata={'text/html': {'isolated': True}})

# %%
JSON({'a': [1, None, True, 'ü'], 'nested': {'b': 1.5}}, expanded=True)

# %%
Latex(r'$\int_0^1 x\,dx$')

# %%
Math(r'a^2')

# %%
SVG('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"><rect width="1" height="1"/></svg>')

# %%
Javascript('console.log("</script>")')

# %%
buffer = io.BytesIO()
fig, ax = plt.subplots(figsize=(1, 1))
fig.savefig(buffer, format='png')
plt.close(fig)
Image(buffer.getvalue(), width=20)

# %%
display({'application/vnd.vegalite.v5+json': {'mark': 'bar', 'data': {'values': [{'a': 1}]}}, 'text/plain': 'chart'}, raw=True)

# %%
display({'text/plain': 'text', 'application/geo+json': {'type': 'Point', 'coordinates': [1, 2]}},
        metadata={'application/geo+json': {'expanded': False}}, raw=True)

# %%
sales.head(2).style.format({'price': '{:.1f}'}).set_uuid('fixed')

# %%
with pd.option_context('display.max_rows', 6):
    display(pd.DataFrame({'n': range(1000)}))

# %%
import warnings
warnings.simplefilter('always')
warnings.showwarning = lambda message, *rest: print('warning:', message, file=sys.stderr)
warnings.warn('mind the gap')
pd.Series([1, 2, None]).interpolate()

# %%
import logging
logging.basicConfig(stream=sys.stderr, format='%(levelname)s %(message)s', force=True)
logging.getLogger().warning('logged')

# %%
!echo from a shell; echo to stderr >&2

# %%
%%bash
echo in bash
for i in 1 2 3; do echo $i; done

# %%
%%capture captured
print('hidden')

# %%
captured.show()
len(captured.stdout)

# %%
%%html
<p>from a magic</p>

# %%
None

# %%
_ = 5

# %%
x = 'ž' * 10; print(x * 200); x

# %%
print('\x1b[31mred\x1b[0m \x07 \x08 tab\t| <&> \u2028')

# %%
for i in range(3000): print(i)

# %%
class Shown:
    def _repr_html_(self): return '<u>mine</u>'
    def _repr_mimebundle_(self, include=None, exclude=None): return {'text/x-own': 'own'}, {'text/x-own': {'k': 1}}
    def __repr__(self): return 'plain'
Shown()

# %%
class Broken:
    def _repr_html_(self): raise ValueError('no html')
    def __repr__(self): return 'broken'
Broken()

# %%
import asyncio
await asyncio.sleep(0)
'awaited'

# %%
sum(range(10)); 42
