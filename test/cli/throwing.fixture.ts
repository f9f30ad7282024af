throw new RangeError('no such drive');
