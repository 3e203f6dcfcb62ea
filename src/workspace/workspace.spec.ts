import { workspaceContract } from '../../test/kit/workspace/contract.ts';
import { createSqlitePlace } from '../../test/kit/workspace/sqlite-place.ts';

workspaceContract('SQLite', createSqlitePlace());
