import { changedValues, changesBetween, sameValues, single } from '../../../connectors/sql/delta';
import { ConnectorError } from '../../../connectors/spi';

describe('delta', () => {
  it('replaces, adds and removes values, each once', () => {
    const current = ['one', 'two'];
    expect(changedValues(current, { attribute: 'a', replace: ['x', 'x'] })).toEqual(['x']);
    const change = { attribute: 'a', add: ['two', 'three'], remove: ['one', 'none'] };
    expect(changedValues(current, change)).toEqual(['two', 'three']);
    expect(changedValues(changedValues(current, change), change)).toEqual(['two', 'three']);
  });

  it('compares values without their order', () => {
    expect(sameValues(['a', 'b'], ['b', 'a'])).toBe(true);
    expect(sameValues(['a'], ['a', 'b'])).toBe(false);
  });

  it('wants exactly one value of what must be single', () => {
    expect(single('uid', ['a'])).toBe('a');
    for (const values of [undefined, [], ['a', 'b']]) {
      expect(() => single('uid', values)).toThrow(ConnectorError);
    }
  });

  it('leaves attributes alone that the desired entry does not mention', () => {
    const current = { keep: ['k'], drop: ['d'], same: ['x', 'y'] };
    const desired = { drop: [], same: ['y', 'x'], fresh: ['f'] };
    expect(changesBetween(current, desired)).toEqual([
      { attribute: 'drop', replace: [] },
      { attribute: 'fresh', replace: ['f'] },
    ]);
  });
});
